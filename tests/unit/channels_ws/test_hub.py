from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from channels.layers import InMemoryChannelLayer
from hub_company import (
    DeafLayer,
    RecordingBinder,
    Socket,
    send,
    send_at_once,
    until,
)

from channels_ws.hub import RoomHub
from channels_ws.metrics import Metrics
from channels_ws.outbox import CloseCode, TextFrame
from wsmigrate.config import Config
from wsmigrate.errors import UnavailableError
from wsmigrate.gap import GAPS_GROUP, InboxGap, event_of_gap
from wsmigrate.message import Message, Via, event_of_message


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
    foreign = {"type": "event", "message": "of somebody else"}
    await layers[0].group_send("room", foreign)
    await layers[0].group_send("room", {**foreign, "id": "1", "room": "room"})
    await send(layers[0], "room", "ours", "2")
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
    assert binder.bindings == 1


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


async def test_a_leaving_that_hangs_does_not_keep_clients_out(
    hub: RoomHub, layers: list[DeafLayer], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(*_args: object) -> None:
        await asyncio.Event().wait()

    socket = Socket()
    await hub.join("room", socket)
    monkeypatch.setattr(layers[0], "group_discard", hang)
    hub.leave("room", socket)
    await asyncio.sleep(0.1)  # the linger is over, the leaving hangs
    back = Socket()
    await hub.join("room", back)
    await send(layers[0], "room", "hello", "1")
    await until(lambda: back.got == ["hello"])


async def test_a_gap_closes_the_sockets_of_its_rooms_only(hub: RoomHub) -> None:
    one, two = Socket(), Socket()
    await hub.join("one", one)
    await hub.join("two", two)
    hub.close_rooms(["one", "unknown"])
    assert one.closed_with is CloseCode.SERVICE_RESTART
    assert two.closed_with is None


@pytest.mark.parametrize("is_unbound", [False, True])
async def test_a_gap_of_an_inbox_closes_the_sockets_of_its_rooms_only(
    hub: RoomHub, layers: list[DeafLayer], binder: RecordingBinder, is_unbound: bool
) -> None:
    names = [f"room-{number}" for number in range(16)]
    sockets = {name: Socket() for name in names}
    for name, socket in sockets.items():
        await hub.join(name, socket)
    inbox = Config().inbox_of(names[0])
    concerned = {name for name in names if Config().inbox_of(name) == inbox}
    assert len(concerned) < len(names)
    await layers[0].group_send(GAPS_GROUP, event_of_gap(InboxGap(inbox, is_unbound)))
    await until(lambda: sockets[names[0]].closed_with is not None)
    closed = {name for name, one in sockets.items() if one.closed_with is not None}
    assert closed == concerned
    assert set(names) - set(binder.bound) == (concerned if is_unbound else set())
    newcomer = Socket()
    await hub.join(names[0], newcomer)
    await send(layers[0], names[0], "after the gap", "1")
    await until(lambda: newcomer.got == ["after the gap"])


async def test_stopping_closes_the_sockets_with_1012(hub: RoomHub) -> None:
    socket = Socket()
    await hub.join("room", socket)
    await hub.stop()
    assert socket.closed_with is CloseCode.SERVICE_RESTART


async def test_a_burst_leaves_others_their_turns(hub: RoomHub, layers: list[DeafLayer]) -> None:
    """A layer that has something every time never lets anybody else run by itself."""

    class Slow(Socket):
        def put(self, frame: TextFrame) -> bool:
            time.sleep(0.002)  # as a large room takes
            return super().put(frame)

    socket = Slow()
    await hub.join("room", socket)
    send_at_once(layers[0], "room", [str(number) for number in range(100)])
    turns = 0
    while len(socket.got) < 100:
        await asyncio.sleep(0)
        turns += 1
    assert turns >= 10  # 200 ms of work


class TestDraining:
    async def test_sockets_are_closed_at_the_pace_and_the_others_get_their_messages(
        self, hub: RoomHub, layers: list[DeafLayer]
    ) -> None:
        sockets = [Socket() for _ in range(40)]
        for number, socket in enumerate(sockets):
            await hub.join(f"room-{number % 2}", socket)
        begin = time.monotonic()
        draining = asyncio.create_task(hub.drain(per_second=40, within_s=60))
        await until(lambda: any(socket.closed_with for socket in sockets))
        for room in range(2):
            await send(layers[0], f"room-{room}", "meanwhile", f"id-{room}")
        await draining
        assert time.monotonic() - begin >= 0.9
        assert {socket.closed_with for socket in sockets} == {CloseCode.SERVICE_RESTART}
        heard = sum(socket.got == ["meanwhile"] for socket in sockets)
        assert 0 < heard < 40

    async def test_all_are_closed_within_the_time(self, hub: RoomHub) -> None:
        sockets = [Socket() for _ in range(50)]
        for socket in sockets:
            await hub.join("room", socket)
        async with asyncio.timeout(5):
            await hub.drain(per_second=1, within_s=0.2)
        assert all(socket.closed_with for socket in sockets)

    async def test_nobody_is_let_in_any_longer(self, hub: RoomHub) -> None:
        await hub.drain(per_second=100, within_s=1)
        with pytest.raises(UnavailableError, match="ending"):
            await hub.join("room", Socket())


class TestWhatIsCounted:
    @pytest.fixture
    def metrics(self) -> Metrics:
        return Metrics()

    @pytest.fixture
    async def hub(self, layers: list[DeafLayer], metrics: Metrics) -> AsyncIterator[RoomHub]:
        def make() -> DeafLayer:
            layers.append(DeafLayer())
            return layers[-1]

        running = RoomHub(Config(), make, metrics)
        await running.start()
        yield running
        await running.stop()

    async def test_frames_and_their_bytes(
        self, hub: RoomHub, layers: list[DeafLayer], metrics: Metrics
    ) -> None:
        sockets = [Socket(), Socket(), Socket()]
        for socket in sockets:
            await hub.join("room", socket)
        sockets[0].closed_with = CloseCode.TRY_AGAIN_LATER  # takes nothing any more
        await send(layers[0], "room", "é", "1")
        await send(layers[0], "room", "é", "1")
        await layers[0].group_send("room", {"type": "of somebody else"})
        await send(layers[0], "room", "end", "2")
        await until(lambda: "end" in sockets[1].got)
        figure = metrics.registry.get_sample_value
        assert figure("wsmigrate_frames_sent_total") == 4
        assert figure("wsmigrate_bytes_sent_total") == 2 * (2 + 3)
        assert figure("wsmigrate_rooms") == 1
        dropped = "wsmigrate_events_dropped_total"
        assert figure(dropped, {"reason": "duplicate"}) == 1
        assert figure(dropped, {"reason": "not-ours"}) == 1

    async def test_the_time_from_publishing_to_sending(
        self, hub: RoomHub, layers: list[DeafLayer], metrics: Metrics
    ) -> None:
        socket = Socket()
        await hub.join("room", socket)
        for number, published_at in enumerate([time.time() - 3, time.time() + 60, None]):
            message = Message(f"{number}", "room", "x", Via.RABBITMQ, published_at=published_at)
            await layers[0].group_send("room", event_of_message(message, "event"))
        await until(lambda: len(socket.got) == 3)
        figure = metrics.registry.get_sample_value
        assert figure("wsmigrate_publish_to_send_seconds_count") == 2
        total_s = figure("wsmigrate_publish_to_send_seconds_sum")
        assert total_s is not None
        assert 3 <= total_s < 10


async def test_a_room_outlives_the_time_for_which_a_layer_keeps_memberships() -> None:
    """Channels' own layer and channels_redis forget a member a day after it joined: that is meant
    for sockets, and the hub's channel is there for as long as the process."""
    layer = InMemoryChannelLayer(group_expiry=1)
    hub = RoomHub(replace(Config(), room_linger_s=0.05), lambda: layer)
    await hub.start()
    socket = Socket()
    await hub.join("room", socket)
    await asyncio.sleep(3)
    event = event_of_message(Message("1", "room", "hello", Via.RABBITMQ), "event")
    await layer.group_send("room", event)
    await until(lambda: socket.got == ["hello"])
    await hub.stop()
    assert not layer.groups.get("room")
