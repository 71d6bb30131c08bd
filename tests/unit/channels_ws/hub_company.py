"""A hub under test: sockets, a binder and layers that keep what they are told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import replace
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer

from channels_ws.binder import BindError
from channels_ws.hub import RoomHub
from channels_ws.outbox import CloseCode, TextFrame
from wsmigrate.barrier import Marker
from wsmigrate.config import Config, NotifyBackend
from wsmigrate.errors import UnavailableError
from wsmigrate.message import Message, Via, event_of_message
from wsmigrate.rooms import group_of_room
from wsmigrate.site_state import NO_CUTOVER


class Socket:
    def __init__(self) -> None:
        self.got: list[str] = []
        self.closed_with: CloseCode | None = None

    def put(self, frame: TextFrame) -> bool:
        if self.closed_with is not None:
            return False
        self.got.append(frame.text)
        return True

    def close(self, code: CloseCode) -> None:
        self.closed_with = code


class RecordingBinder:
    """Notes what is bound; refuses while ``broken``."""

    def __init__(self) -> None:
        self.bound: list[str] = []
        self.bindings = 0
        self.broken = False

    def is_bound(self, room: str) -> bool:
        return room in self.bound

    async def bind(self, room: str) -> None:
        await asyncio.sleep(0)
        if room in self.bound:
            return
        self.bindings += 1
        if self.broken:
            raise BindError("no broker")
        self.bound.append(room)

    async def unbind(self, room: str) -> None:
        self.bound.remove(room)

    def bind_anew(self, rooms: Collection[str]) -> None:
        for room in rooms:
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


class CatchingUp(InMemoryChannelLayer):  # type: ignore[misc]
    """Takes nothing while it is ``away``; raises ``failure`` once, in the place of messages."""

    catches_up = True

    def __init__(self) -> None:
        super().__init__()
        self.away = False
        self.closed = False
        self.failure: Exception | None = None
        self.batches: list[int] = []
        self.flushes = 0

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        if self.away:
            raise UnavailableError("the database is away")
        await super().send(channel, message)

    async def receive_many(self, channel: str) -> list[dict[str, Any]]:
        received = [await super().receive(channel)]
        while self.channels.get(channel) and not self.channels[channel].empty():
            received.append(await super().receive(channel))
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        self.batches.append(len(received))
        return received

    async def close(self) -> None:
        self.closed = True


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
    running = RoomHub(config, make)
    await running.start(binder)
    yield running
    await running.stop()


async def send(layer: InMemoryChannelLayer, room: str, text: str, message_id: str) -> None:
    message = Message(message_id, room, text, Via.RABBITMQ)
    await layer.group_send(group_of_room(room), event_of_message(message, "event"))


def send_at_once(layer: InMemoryChannelLayer, room: str, texts: list[str]) -> None:
    """Without a turn for anybody else in between, as ``group_send`` allows."""
    (channel,) = layer.groups[group_of_room(room)]
    for text in texts:
        event = event_of_message(Message(f"id-{text}", room, text, Via.RABBITMQ), "event")
        layer.channels[channel].put_nowait((time.time() + 60, event))


async def pass_a_barrier(hub: RoomHub, layer: InMemoryChannelLayer, revision: int) -> None:
    """Publishers use ``channels`` from a revision on, and its markers come out of all inboxes."""
    switched = replace(
        NO_CUTOVER,
        revision=revision,
        backend=NotifyBackend.CHANNELS,
        barrier=revision,
        barrier_out=False,
    )
    hub.follow(switched, lambda: None)
    assert hub.facts()["barrier_passed"] == 0
    for inbox in range(Config().inboxes):
        marker = Marker(inbox, revision)
        await send(layer, marker.room, marker.text, f"marker-{inbox}")
    await until(lambda: hub.facts()["barrier_passed"] == revision)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)
