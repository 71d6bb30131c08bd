"""A hub whose layer fails, is deaf, or catches up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from hub_company import (
    CatchingUp,
    DeafLayer,
    RecordingBinder,
    Socket,
    pass_a_barrier,
    send,
    send_at_once,
    until,
)

from channels_ws import layer_link
from channels_ws.hub import RoomHub
from channels_ws.outbox import CloseCode
from wsmigrate.barrier import Marker
from wsmigrate.config import Config
from wsmigrate.errors import UnavailableError
from wsmigrate.rooms import group_of_room


@pytest.fixture
def quick_canary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer_link, "_CANARY_LATE_S", 0.3)
    monkeypatch.setattr(layer_link, "_CANARY_EVERY_S", 0.05)


@pytest.mark.usefixtures("quick_canary")
class TestALayerThatFails:
    async def test_it_has_all_sockets_closed_and_the_hub_starts_over(
        self, hub: RoomHub, layers: list[DeafLayer]
    ) -> None:
        socket = Socket()
        await hub.join("room", socket)
        layers[0].deaf = True
        await until(lambda: socket.closed_with is CloseCode.SERVICE_RESTART)
        back = Socket()
        await hub.join("room", back)  # at once, as clients do
        await send(layers[1], "room", "hello again", "1")
        await until(lambda: back.got == ["hello again"])

    async def test_it_is_followed_by_no_deaf_socket_however_clients_come_back(
        self, hub: RoomHub, layers: list[DeafLayer]
    ) -> None:
        sockets: list[Socket] = []

        async def stay_connected(room: str) -> None:
            while True:
                socket = Socket()
                await hub.join(room, socket)
                sockets.append(socket)
                while socket.closed_with is None:
                    await asyncio.sleep(0.001)

        clients = [asyncio.create_task(stay_connected(f"room-{n % 3}")) for n in range(9)]
        await until(lambda: len(sockets) == 9)
        for failure in range(2):
            layers[failure].deaf = True
            await until(lambda failure=failure: len(layers) > failure + 1)  # type: ignore[misc]
            await until(lambda: len([s for s in sockets if s.closed_with is None]) == 9)
            for room in range(3):
                await send(layers[-1], f"room-{room}", f"after {failure}", f"{failure}-{room}")
            await until(
                lambda failure=failure: all(  # type: ignore[misc]
                    f"after {failure}" in s.got for s in sockets if s.closed_with is None
                )
            )
        for client in clients:
            client.cancel()

    async def test_rooms_to_which_nobody_comes_back_are_unbound(
        self, hub: RoomHub, layers: list[DeafLayer], binder: RecordingBinder
    ) -> None:
        await hub.join("room", Socket())
        layers[0].deaf = True
        await until(lambda: not binder.bound)

    async def test_a_new_layer_that_cannot_be_opened_is_tried_again(
        self, hub: RoomHub, layers: list[DeafLayer], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        attempts: list[int] = []
        original = DeafLayer.new_channel

        async def fail_twice(self: DeafLayer, prefix: str = "specific") -> str:
            attempts.append(1)
            if len(attempts) < 3:
                raise OSError("not yet")
            name: str = await original(self, prefix)
            return name

        monkeypatch.setattr(DeafLayer, "new_channel", fail_twice)
        socket = Socket()
        await hub.join("room", socket)
        layers[0].deaf = True
        await until(lambda: socket.closed_with is not None)
        with pytest.raises(UnavailableError):
            await hub.join("room", Socket())  # within bind_timeout_s: refused, and not deaf
        await until(lambda: len(attempts) == 3)
        back = Socket()
        await hub.join("room", back)
        await send(layers[-1], "room", "hello", "1")
        await until(lambda: back.got == ["hello"])


class TestALayerThatCatchesUp:
    """What PostgresLayer promises of itself, over the in-memory layer."""

    @pytest.fixture
    async def layer(self) -> CatchingUp:
        return CatchingUp()

    @pytest.fixture
    async def hub(self, layer: CatchingUp) -> AsyncIterator[RoomHub]:
        made: list[CatchingUp] = []

        def make() -> CatchingUp:
            made.append(layer)
            return layer

        running = RoomHub(replace(Config(), room_linger_s=0.05, bind_timeout_s=1.0), make)
        await running.start()
        yield running
        await running.stop()
        assert len(made) == 1
        assert layer.closed

    @pytest.mark.usefixtures("quick_canary")
    async def test_a_late_canary_closes_no_socket_and_keeps_nobody_out(
        self, hub: RoomHub, layer: CatchingUp
    ) -> None:
        socket, newcomer = Socket(), Socket()
        await hub.join("room", socket)
        layer.away = True
        await until(lambda: (hub.canary_age_s() or 0) > 0.6)  # twice as late as others may be
        await hub.join("another", newcomer)
        layer.away = False
        await send(layer, "room", "hello", "1")
        await send(layer, "another", "hello", "2")
        await until(lambda: socket.got == newcomer.got == ["hello"])
        await until(lambda: (hub.canary_age_s() or 9) < 0.3)
        assert socket.closed_with is None

    @pytest.mark.parametrize(
        "failure", [UnavailableError("rows are gone"), ValueError("unreadable")]
    )
    async def test_a_gap_closes_all_sockets_and_the_same_layer_goes_on(
        self, hub: RoomHub, layer: CatchingUp, failure: Exception
    ) -> None:
        before = [Socket(), Socket()]
        for number, socket in enumerate(before):
            await hub.join(f"room-{number}", socket)
        layer.failure = failure
        await send(layer, "room-0", "behind the gap", "1")
        await until(lambda: all(s.closed_with is CloseCode.SERVICE_RESTART for s in before))
        back = Socket()
        await hub.join("room-0", back)
        await send(layer, "room-0", "hello", "2")
        await until(lambda: "hello" in back.got)
        assert back.closed_with is None

    async def test_after_a_flush_sockets_are_closed_and_rooms_joined_anew(
        self, hub: RoomHub, layer: CatchingUp
    ) -> None:
        before = Socket()
        await hub.join("room", before)
        layer.groups.clear()
        layer.flushes += 1
        await until(lambda: before.closed_with is CloseCode.SERVICE_RESTART)
        back = Socket()
        await hub.join("room", back)
        await send(layer, "room", "hello", "1")
        await until(lambda: back.got == ["hello"])
        assert back.closed_with is None

    async def test_after_a_flush_markers_of_the_barrier_still_come(
        self, hub: RoomHub, layer: CatchingUp
    ) -> None:
        socket = Socket()
        await hub.join("room", socket)
        layer.groups.clear()
        layer.flushes += 1
        await until(lambda: socket.closed_with is CloseCode.SERVICE_RESTART)
        await until(lambda: group_of_room(Marker(0, 1).room) in layer.groups)
        await pass_a_barrier(hub, layer, revision=5)

    @pytest.mark.parametrize("expiry", [0.2])
    async def test_markers_come_beyond_the_time_for_which_memberships_last(
        self, layer: CatchingUp, expiry: float
    ) -> None:
        layer.group_expiry = expiry
        hub = RoomHub(Config(), lambda: layer)
        await hub.start()
        try:
            await until(lambda: group_of_room(Marker(0, 1).room) in layer.groups)
            layer.groups.clear()  # as they expire
            await until(lambda: group_of_room(Marker(7, 1).room) in layer.groups)
            await pass_a_barrier(hub, layer, revision=5)
        finally:
            await hub.stop()

    async def test_many_messages_are_received_at_once_and_in_order(
        self, hub: RoomHub, layer: CatchingUp
    ) -> None:
        socket = Socket()
        await hub.join("room", socket)
        texts = [str(number) for number in range(50)]
        send_at_once(layer, "room", texts)
        await until(lambda: len(socket.got) == 50)
        assert socket.got == texts
        assert 50 in layer.batches


async def test_before_its_first_canary_a_hub_has_none(layers: list[DeafLayer]) -> None:
    assert RoomHub(Config(), DeafLayer).canary_age_s() is None
