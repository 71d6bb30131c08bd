"""A process that has channel layers and does with them what it is told: see layer_process.py.

Requests and replies are msgpack maps, on standard input and output. Requests run side by side.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import django
import msgpack
from asgiref.sync import async_to_sync
from django.conf import settings
from django.utils.module_loading import import_string
from layer_listener import Listener

from wsmigrate.cursor import CursorMove


class Agent:
    """The layers of this process, and the requests that are being worked on."""

    def __init__(self, reply: Callable[[dict[str, Any]], None]) -> None:
        self._reply = reply
        self._layers: dict[int, Any] = {}
        self._listeners: dict[str, Listener] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def begin(self, request: dict[str, Any]) -> None:
        number = request["id"]
        if request["op"] == "cancel":
            task = self._tasks.get(*request["args"])
            if task:
                task.cancel()
            return
        self._tasks[number] = asyncio.create_task(self._work(number, request))
        self._tasks[number].add_done_callback(lambda _: self._tasks.pop(number))

    async def _work(self, number: int, request: dict[str, Any]) -> None:
        try:
            outcome = await getattr(self, request["op"])(*request["args"])
            self._reply({"id": number, "ok": outcome})
        except asyncio.CancelledError:
            self._reply({"id": number, "error": ["CancelledError", ""]})
        except Exception as error:
            self._reply({"id": number, "error": [type(error).__name__, str(error)]})

    async def make(self, backend: str, config: dict[str, Any]) -> int:
        handle = len(self._layers)
        self._layers[handle] = import_string(backend)(**config)
        return handle

    async def call(self, handle: int, method: str, *args: Any) -> Any:
        outcome = await getattr(self._layers[handle], method)(*args)
        return outcome if method.startswith(("receive", "new_channel")) else None

    async def attribute(self, handle: int, name: str) -> Any:
        return getattr(self._layers[handle], name)

    async def listen(self, handle: int, channel: str, primed: bool) -> None:
        listener = Listener(self._layers[handle], channel)
        self._listeners[channel] = listener
        if primed:
            await listener.prime()

    async def pause(self, channel: str) -> None:
        self._listeners[channel].pause()

    async def resume(self, channel: str) -> None:
        self._listeners[channel].resume()

    async def failures(self, channel: str) -> list[str]:
        return self._listeners[channel].failures

    async def take(self, channel: str, count: int) -> list[Any]:
        return await self._listeners[channel].take(count)

    async def take_all(self, channel: str, first_within_s: float, silent_s: float) -> list[Any]:
        return await self._listeners[channel].take_all(first_within_s, silent_s)

    async def collect(self, handle: int, channel: str, count: int) -> list[Any]:
        return [await self._layers[handle].receive(channel) for _ in range(count)]

    async def come_and_go(self, handle: int, count: int) -> None:
        """So many channels are listened to, join a group and go, as consumers do."""
        layer = self._layers[handle]
        for _ in range(count):
            channel = await layer.new_channel()
            listener = Listener(layer, channel)
            await listener.prime()
            await layer.group_add("passing", channel)
            await layer.group_discard("passing", channel)
            await listener.close()

    async def send_from_threads(
        self, handle: int, group: str, threads: int, each: int
    ) -> list[list[Any]]:
        """Each thread sends ``each`` messages in a row, as WSGI threads do. Returns what failed."""
        failed: list[list[Any]] = []
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        send = async_to_sync(self._layers[handle].group_send)

        def run(thread: int) -> None:
            for number in range(each):
                try:
                    send(group, {"type": "t", "thread": thread, "number": number})
                except Exception as error:
                    failed.append([thread, number, type(error).__name__])

        def run_all() -> None:
            running = [threading.Thread(target=run, args=(n,), daemon=True) for n in range(threads)]
            for one in running:
                one.start()
            for one in running:
                one.join()
            loop.call_soon_threadsafe(ended.set)

        threading.Thread(target=run_all, daemon=True).start()
        await ended.wait()
        return failed

    async def publish_steadily(self, handle: int, group: str, for_s: float) -> list[int]:
        """Numbered messages, one after another. Returns the numbers whose send returned.

        A send that fails, or takes longer than seconds, may have been done or not: its number is
        left out, and never sent again.
        """
        layer = self._layers[handle]
        returned: list[int] = []
        until = time.monotonic() + for_s
        number = 0
        while time.monotonic() < until:
            number += 1
            try:
                await asyncio.wait_for(
                    layer.group_send(group, {"type": "t", "number": number}), 20.0
                )
            except Exception:
                await asyncio.sleep(0.02)
                continue
            returned.append(number)
            await asyncio.sleep(0.005)
        return returned

    async def send_many(
        self, handle: int, messages: list[list[Any]], cursor: list[Any] | None
    ) -> None:
        moved = CursorMove(*cursor) if cursor else None
        many = [(group, event) for group, event in messages]
        await self._layers[handle].group_send_many(many, cursor=moved)

    async def traced_memory(self) -> int:
        """Bytes that Python has allocated since this was first asked for."""
        if not tracemalloc.is_tracing():
            tracemalloc.start()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]


def set_django_up(database: dict[str, Any] | None) -> None:
    databases = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
    if database:
        databases["channels_postgres"] = database
    settings.configure(
        DATABASES=databases,
        INSTALLED_APPS=["channels", "channels_postgres", "channels_ws"],
        DATABASE_ROUTERS=["channels_ws.routers.LayerRouter"],
        USE_TZ=True,
    )
    django.setup()


async def main() -> None:
    loop = asyncio.get_running_loop()
    output = os.dup(1)
    os.dup2(2, 1)  # what others print is not a reply
    requests = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(requests), sys.stdin)

    def reply(answer: dict[str, Any]) -> None:
        left = memoryview(msgpack.packb(answer))
        while left:
            left = left[os.write(output, left) :]

    agent = Agent(reply)
    unpacker = msgpack.Unpacker(max_buffer_size=1 << 28, strict_map_key=False)
    while data := await requests.read(1 << 20):
        unpacker.feed(data)
        for request in unpacker:
            agent.begin(request)
    os._exit(0)  # the layers' own tasks and threads do not matter any more


if __name__ == "__main__":
    set_django_up(json.loads(sys.argv[1]))
    asyncio.run(main())
