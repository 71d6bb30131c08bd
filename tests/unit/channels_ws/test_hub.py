from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer

from channels_ws import hub as hub_module
from channels_ws.binder import BindError
from channels_ws.hub import RoomHub
from channels_ws.outbox import CloseCode
from wsmigrate.config import Config
from wsmigrate.errors import UnavailableError
from wsmigrate.message import Message, Via, event_of_message
from wsmigrate.rooms import group_of_room


class Socket:
    def __init__(self) -> None:
        self.got: list[str] = []
        self.closed_with: CloseCode | None = None

    def put(self, text: str) -> None:
        self.got.append(text)

    def close(self, code: CloseCode) -> None:
        self.closed_with = code


class RecordingBinder:
    """Notes what is bound; refuses while ``broken``."""

    def __init__(self) -> None:
        self.bound: list[str] = []
        self.calls = 0
        self.broken = False

    async def bind(self, room: str) -> None:
        self.calls += 1
        await asyncio.sleep(0)
        if self.broken:
            raise BindError("no broker")
        self.bound.append(room)

    async def unbind(self, room: str) -> None:
        self.bound.remove(room)


class DeafLayer(InMemoryChannelLayer):  # type: ignore[misc]
    """A layer that takes everything and, once ``deaf``, delivers nothing: what a lost LISTEN
    connection looks like from inside."""

    deaf = False

    async def receive(self, channel: str) -> dict[str, Any]:
        while True:
            message: dict[str, Any] = await super().receive(channel)
            if not self.deaf:
                return message


@pytest.fixture
def layers() -> list[DeafLayer]:
    return []


@pytest.fixture
def binder() -> RecordingBinder:
    return RecordingBinder()


@pytest.fixture
async def hub(layers: list[DeafLayer], binder: RecordingBinder) -> AsyncIterator[RoomHub]:
    def make() -> DeafLayer:
        layers.append(DeafLayer())
        return layers[-1]

    config = replace(Config(), room_linger_s=0.05, bind_timeout_s=1.0)
    running = RoomHub(config, make, binder)
    await running.start()
    yield running
    await running.stop()


async def send(layer: DeafLayer, room: str, text: str, message_id: str) -> None:
    message = Message(message_id, room, text, Via.RABBITMQ)
    await layer.group_send(group_of_room(room), event_of_message(message, "event"))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


async def test_each_socket_of_a_room_gets_each_message_once_and_in_order(
    hub: RoomHub, layers: list[DeafLayer]
) -> None:
    sockets = [Socket() for _ in range(3)]
    for socket in sockets:
        await hub.join("café au lait", socket)
    for number in range(20):
        await send(layers[0], "café au lait", str(number), f"id-{number}")
    await until(lambda: all(len(socket.got) == 20 for socket in sockets))
    assert [socket.got for socket in sockets] == [[str(number) for number in range(20)]] * 3


async def test_rooms_do_not_hear_one_another(hub: RoomHub, layers: list[DeafLayer]) -> None:
    one, two = Socket(), Socket()
    await hub.join("one", one)
    await hub.join("two", two)
    await send(layers[0], "one", "for one", "a")
    await send(layers[0], "two", "for two", "b")
    await until(lambda: bool(one.got and two.got))
    assert (one.got, two.got) == (["for one"], ["for two"])


async def test_a_message_that_comes_again_is_dropped_by_its_id(
    hub: RoomHub, layers: list[DeafLayer]
) -> None:
    socket = Socket()
    await hub.join("room", socket)
    for text, message_id in [("same", "1"), ("same", "1"), ("same", "2"), ("end", "3")]:
        await send(layers[0], "room", text, message_id)
    await until(lambda: "end" in socket.got)
    assert socket.got == ["same", "same", "end"]


async def test_an_event_that_is_not_ours_harms_nobody(
    hub: RoomHub, layers: list[DeafLayer]
) -> None:
    socket = Socket()
    await hub.join("room", socket)
    await layers[0].group_send("room", {"type": "event", "message": "of somebody else"})
    await send(layers[0], "room", "ours", "1")
    await until(lambda: bool(socket.got))
    assert socket.got == ["ours"]


async def test_many_first_sockets_of_a_room_bind_it_once(
    hub: RoomHub, binder: RecordingBinder
) -> None:
    await asyncio.gather(*(hub.join("room", Socket()) for _ in range(50)))
    assert binder.bound == ["room"]


async def test_a_room_is_left_some_time_after_its_last_socket(
    hub: RoomHub, binder: RecordingBinder
) -> None:
    socket = Socket()
    await hub.join("room", socket)
    hub.leave("room", socket)
    assert binder.bound == ["room"]
    await until(lambda: not binder.bound)


async def test_a_client_that_reconnects_within_the_linger_does_not_bind_again(
    hub: RoomHub, binder: RecordingBinder
) -> None:
    for _ in range(10):
        socket = Socket()
        await hub.join("room", socket)
        hub.leave("room", socket)
    await hub.join("room", Socket())
    await asyncio.sleep(0.1)
    assert binder.bound == ["room"]
    assert binder.calls == 1


async def test_a_socket_that_comes_while_its_room_is_being_left_hears_the_room(
    hub: RoomHub, layers: list[DeafLayer]
) -> None:
    for number in range(10):
        gone = Socket()
        await hub.join("room", gone)
        hub.leave("room", gone)
        await asyncio.sleep(0.05)  # the linger: the next join meets the leaving
        socket = Socket()
        await hub.join("room", socket)
        await send(layers[0], "room", "hello", f"id-{number}")
        await until(lambda socket=socket: socket.got == ["hello"])  # type: ignore[misc]
        hub.leave("room", socket)


async def test_a_room_that_could_not_be_bound_can_be_joined_later(
    hub: RoomHub, binder: RecordingBinder, layers: list[DeafLayer]
) -> None:
    binder.broken = True
    with pytest.raises(UnavailableError):
        await hub.join("room", Socket())
    binder.broken = False
    socket = Socket()
    await hub.join("room", socket)
    await send(layers[0], "room", "hello", "1")
    await until(lambda: bool(socket.got))


async def test_when_the_layer_falls_silent_all_sockets_are_closed_and_the_hub_starts_over(
    hub: RoomHub, layers: list[DeafLayer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "_CANARY_LATE_S", 0.3)
    monkeypatch.setattr(hub_module, "_CANARY_EVERY_S", 0.05)
    socket = Socket()
    await hub.join("room", socket)
    layers[0].deaf = True
    await until(lambda: socket.closed_with is CloseCode.SERVICE_RESTART)
    back = Socket()
    await until(lambda: len(layers) == 2)
    await hub.join("room", back)
    await send(layers[1], "room", "hello again", "1")
    await until(lambda: back.got == ["hello again"])


async def test_stopping_closes_the_sockets_with_1012(hub: RoomHub) -> None:
    socket = Socket()
    await hub.join("room", socket)
    await hub.stop()
    assert socket.closed_with is CloseCode.SERVICE_RESTART
