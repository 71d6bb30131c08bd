"""The processes of the relay's benchmark (``python -m benchmarks.relaying.roles ROLE OPTIONS``).

Each takes its options as JSON, says ``ready`` when what it does counts, and ends with one line of
JSON, when it is done or when its standard input ends.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pika
from pika.adapters.asyncio_connection import AsyncioConnection

from benchmarks.relaying.stamps import body_of, number_of
from wsmigrate.topology import InboxRetention, inbox_arguments, inbox_names, inbox_of_room

Options = dict[str, Any]
_INBOXES = 8
_HANDSHAKE_S = 60.0
"""Fifty sockets that come at once wait for one another's binding."""


def ready() -> None:
    """What comes from now on counts."""
    gc.collect()
    gc.freeze()
    print("ready", flush=True)  # noqa: T201


def _channel(url: str) -> Any:
    return pika.BlockingConnection(pika.URLParameters(url)).channel()


def bind(options: Options) -> Options:
    """Declare exchanges and inboxes and bind them, as servers do."""
    channel = _channel(options["url"])
    for inbox in inbox_names(_INBOXES):
        channel.queue_delete(inbox)
        channel.queue_declare(inbox, durable=True, arguments=inbox_arguments(InboxRetention()))
    for room in options["rooms"]:
        channel.exchange_declare(room, "fanout")
        channel.queue_bind(inbox_of_room(room, _INBOXES), room)
    return {}


def preload(options: Options) -> Options:
    """Publish so many messages, as fast as it goes; done when the broker has them all."""
    channel = _channel(options["url"])
    rooms, count = options["rooms"], options["count"]
    for number in range(count):
        channel.basic_publish(rooms[number % len(rooms)], "", body_of(number, time.time_ns()))
    channel.confirm_delivery()
    channel.basic_publish(rooms[0], "", body_of(count, time.time_ns()))
    return {"published": count + 1}


def pace(options: Options) -> Options:
    """Publish at a steady rate."""
    channel = _channel(options["url"])
    rooms, per_s = options["rooms"], options["per_s"]
    ready()
    begun = time.monotonic()
    number = 0
    while (now := time.monotonic()) - begun < options["seconds"]:
        while number < (now - begun) * per_s:
            channel.basic_publish(rooms[number % len(rooms)], "", body_of(number, time.time_ns()))
            number += 1
        channel.connection.process_data_events(0)
        time.sleep(0.0005)
    channel.connection.close()
    return {"published": number}


async def pika_limit(options: Options) -> Options:
    """Consume the inboxes with pika and nothing else: prefetch 500, an ack each 100."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()
    times: list[float] = []
    count = options["count"]

    def on_message(channel: Any, method: Any, _properties: Any, _body: bytes) -> None:
        times.append(time.perf_counter())
        if method.delivery_tag % 100 == 0:
            channel.basic_ack(method.delivery_tag, multiple=True)
        if len(times) == count and not done.done():
            done.set_result(None)

    def on_channel(channel: Any, inbox: str) -> None:
        channel.basic_qos(prefetch_count=500)
        channel.basic_consume(inbox, on_message, arguments={"x-stream-offset": "first"})

    def on_open(connection: Any) -> None:
        for inbox in inbox_names(_INBOXES):
            connection.channel(on_open_callback=lambda ch, name=inbox: on_channel(ch, name))

    connection = AsyncioConnection(pika.URLParameters(options["url"]), on_open_callback=on_open)
    await asyncio.wait_for(done, 120)
    connection.close()
    return {"per_s": (count - 1) / (times[-1] - times[0])}


async def layer_limit(options: Options) -> Options:
    """Send batches with a cursor to the layer and nothing else, one after another."""
    import django  # noqa: PLC0415

    django.setup()
    from channels.layers import channel_layers  # noqa: PLC0415

    from wsmigrate.cursor import CursorMove  # noqa: PLC0415
    from wsmigrate.message import Message, Via, event_of_message  # noqa: PLC0415

    layer = channel_layers["default"]
    rooms, size = options["rooms"], options["batch"]
    begun, sent = time.perf_counter(), 0
    cursor: int | None = None
    while time.perf_counter() - begun < options["seconds"]:
        events = []
        for number in range(sent, sent + size):
            text = body_of(number, time.time_ns()).decode()
            room = rooms[number % len(rooms)]
            message = Message(f"limit:{number}", room, text, Via.RABBITMQ)
            events.append((room, event_of_message(message, "notifs_websocket_message")))
        sent += size
        await layer.group_send_many(events, CursorMove("limit", cursor, sent))
        cursor = sent
    return {"per_s": sent / (time.perf_counter() - begun)}


async def direct(options: Options) -> Options:
    """Listen as a legacy socket does: an exclusive queue on each exchange."""
    heard: dict[int, int] = {}

    def on_message(_channel: Any, _method: Any, _properties: Any, body: bytes) -> None:
        heard.setdefault(number_of(body), time.time_ns())

    def on_bound(channel: Any, queue: str) -> None:
        channel.basic_consume(queue, on_message, auto_ack=True)
        channel.basic_qos(callback=lambda _frame: ready(), prefetch_count=0)

    def on_queue(channel: Any, frame: Any) -> None:
        queue = frame.method.queue
        for room in options["rooms"][:-1]:
            channel.queue_bind(queue, room)
        last = options["rooms"][-1]
        channel.queue_bind(queue, last, callback=lambda _frame: on_bound(channel, queue))

    def on_open(connection: Any) -> None:
        connection.channel(
            on_open_callback=lambda channel: channel.queue_declare(
                "", exclusive=True, callback=lambda frame: on_queue(channel, frame)
            )
        )

    connection = AsyncioConnection(pika.URLParameters(options["url"]), on_open_callback=on_open)
    await _until_input_ends()
    connection.close()
    return {"heard": heard}


async def layer(options: Options) -> Options:
    """Listen to the rooms' groups in the layer, and nothing else."""
    import django  # noqa: PLC0415

    django.setup()
    from channels.layers import channel_layers  # noqa: PLC0415

    backend = channel_layers["default"]
    heard: dict[int, int] = {}
    channel = await backend.new_channel()
    for room in options["rooms"]:
        await backend.group_add(room, channel)

    async def listen() -> None:
        while True:
            for event in await backend.receive_many(channel):
                heard.setdefault(number_of(event["message"].encode()), time.time_ns())

    listening = asyncio.create_task(listen())
    ready()
    await _until_input_ends()
    listening.cancel()
    return {"heard": heard}


async def sockets(options: Options) -> Options:
    """A socket in each room. With ``count``: says ``done`` once so many messages came, or
    ``within_s`` seconds after the last one."""
    from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect  # noqa: PLC0415

    heard: dict[int, int] = {}

    class Socket(WSListener):
        def on_ws_frame(self, _transport: WSTransport, frame: WSFrame) -> None:
            if frame.msg_type == WSMsgType.TEXT:
                heard.setdefault(number_of(frame.get_payload_as_bytes()), time.time_ns())

    at_once = asyncio.Semaphore(50)

    async def join(room: str) -> Any:
        async with at_once:
            return await ws_connect(
                Socket, f"{options['server']}/{room}", websocket_handshake_timeout=_HANDSHAKE_S
            )

    joined = await asyncio.gather(*map(join, options["rooms"]))
    ready()
    if "count" in options:
        await _until_heard(heard, options["count"], options["within_s"])
        print("done", flush=True)  # noqa: T201
    await _until_input_ends()
    for transport, _ in joined:
        transport.disconnect()
    return {"heard": heard}


async def proxy(options: Options) -> Options:
    """Pass TCP on. Frozen, it is a half-open connection for both sides."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", options["to"])
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))

    await asyncio.start_server(accept, "127.0.0.1", options["port"])
    ready()
    await _until_input_ends()
    return {}


async def _until_heard(heard: dict[int, int], count: int, within_s: float) -> None:
    last, since = 0, time.monotonic()
    while len(heard) < count and time.monotonic() < since + within_s:
        await asyncio.sleep(0.1)
        if len(heard) > last:
            last, since = len(heard), time.monotonic()


async def _until_input_ends() -> None:
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


_ROLES: dict[str, Callable[[Options], Options | Awaitable[Options]]] = {
    role.__name__: role
    for role in (bind, preload, pace, pika_limit, layer_limit, direct, layer, sockets, proxy)
}


def main() -> None:
    """One role."""
    outcome = _ROLES[sys.argv[1]](json.loads(sys.argv[2]))
    if not isinstance(outcome, dict):
        outcome = asyncio.run(_awaited(outcome))
    print(json.dumps(outcome), flush=True)  # noqa: T201


async def _awaited(outcome: Awaitable[Options]) -> Options:
    return await outcome


if __name__ == "__main__":
    main()
