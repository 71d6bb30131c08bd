"""Clients record what they get, to the byte."""

from __future__ import annotations

import asyncio

import pytest
from demo_world import World, eventually

from dev_stack.demo.clients import ClientError, Listener
from wsmigrate.errors import ExitCode


class Notes:
    """A watcher that takes notes."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self.ended_listeners: list[Listener] = []

    def shared(self, room: str, payload: bytes) -> bytes:
        return payload

    def arrived(self, listener: Listener) -> None:
        self.changed.set()

    def ended(self, listener: Listener) -> None:
        self.ended_listeners.append(listener)
        self.changed.set()


async def connected(world: World, server: str, room: str) -> None:
    """Wait until the server has a socket in the room."""
    await eventually(lambda: bool(world.sockets.get((server, room))))


@pytest.mark.parametrize("text", ["", "ok", "Zoë 👍\u2028", "x" * 200_000])
async def test_the_payload_is_recorded_to_the_byte(world: World, text: str) -> None:
    notes = Notes()
    listener = await Listener.open(world.urls["legacy"], "room0", notes)
    await connected(world, "legacy", "room0")
    await world.deliver("legacy", "room0", text)
    await asyncio.wait_for(notes.changed.wait(), 10)
    await listener.close()
    assert [(a.payload, a.is_text) for a in listener.arrivals] == [(text.encode(), True)]


async def test_a_binary_frame_is_told_from_text(world: World) -> None:
    notes = Notes()
    listener = await Listener.open(world.urls["legacy"], "room0", notes)
    await connected(world, "legacy", "room0")
    await world.deliver("legacy", "room0", b"ok")
    await asyncio.wait_for(notes.changed.wait(), 10)
    await listener.close()
    assert [(a.payload, a.is_text) for a in listener.arrivals] == [(b"ok", False)]


async def test_a_socket_that_the_server_closes_is_noted_with_its_code(world: World) -> None:
    notes = Notes()
    listener = await Listener.open(world.urls["legacy"], "room0", notes)
    await connected(world, "legacy", "room0")
    for socket in tuple(world.sockets["legacy", "room0"]):
        await socket.close(1012)
    await asyncio.wait_for(notes.changed.wait(), 10)
    await listener.close()
    assert notes.ended_listeners == [listener]
    assert listener.ended == "1012"


async def test_a_client_that_leaves_has_not_been_ended_by_the_server(world: World) -> None:
    notes = Notes()
    listener = await Listener.open(world.urls["legacy"], "room0", notes)
    await listener.close()
    assert listener.ended is None
    assert not notes.ended_listeners


async def test_the_front_door_says_which_server_it_chose(world: World) -> None:
    front = await Listener.open(world.urls["front"], "room0", Notes())
    direct = await Listener.open(world.urls["legacy"], "room0", Notes())
    await front.close()
    await direct.close()
    assert front.server == "legacy"
    assert direct.server is None


async def test_a_server_that_is_not_there_is_one_sentence(unused_tcp_port: int) -> None:
    with pytest.raises(ClientError, match="A client could not connect to ws://127") as caught:
        await Listener.open(f"ws://127.0.0.1:{unused_tcp_port}", "room0", Notes())
    assert caught.value.exit_code is ExitCode.COULD_NOT_ACT
