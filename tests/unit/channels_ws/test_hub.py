from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import replace
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer

from channels_ws import layer_link
from channels_ws.binder import BindError
from channels_ws.hub import RoomHub
from channels_ws.metrics import Metrics
from channels_ws.outbox import CloseCode, TextFrame
from wsmigrate.barrier import Marker
from wsmigrate.config import Config, NotifyBackend
from wsmigrate.errors import UnavailableError
from wsmigrate.gap import GAPS_GROUP, InboxGap, event_of_gap
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
