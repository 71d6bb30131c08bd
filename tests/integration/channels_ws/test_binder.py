from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest
from pika.exceptions import ChannelClosedByBroker

from channels_ws.binder import BindError, RoomBinder
from relay import Relay
from wsmigrate.config import Config
from wsmigrate.topology import inbox_of_room

Channel = Any


@pytest.fixture
def config(amqp_url: str) -> Config:
    return replace(Config(), amqp_url=amqp_url, bind_timeout_s=10.0)


@pytest.fixture
async def binder(config: Config) -> AsyncIterator[RoomBinder]:
    running = RoomBinder(config)
    await running.start()
    yield running
    await running.stop()


def in_inbox(broker: Channel, room: str, publish: Callable[[], None]) -> list[bytes]:
    """What the room's inbox gets of what ``publish`` publishes."""
    inbox = inbox_of_room(room, 8)
    got: list[bytes] = []
    broker.basic_qos(prefetch_count=100)
    tag = broker.basic_consume(
        inbox,
        lambda _channel, method, _properties, body: (
            got.append(body) if method.exchange == room else None
        ),
        arguments={"x-stream-offset": "next"},
    )
    publish()
    end = time.monotonic() + 1
    while time.monotonic() < end:
        broker.connection.process_data_events(time_limit=0.1)
        if got:  # a second copy would be close behind
            end = min(end, time.monotonic() + 0.2)
    broker.basic_cancel(tag)
    return got


async def test_what_is_published_after_binding_is_in_the_inbox_once(
    binder: RoomBinder, broker: Channel, room: str
) -> None:
    await binder.bind(room)
    assert in_inbox(broker, room, lambda: broker.basic_publish(room, "", b"hello")) == [b"hello"]


async def test_two_processes_bind_one_room_and_one_copy_arrives(
    binder: RoomBinder, config: Config, broker: Channel, room: str
) -> None:
    neighbour = RoomBinder(config)
    await neighbour.start()
    await binder.bind(room)
    await neighbour.bind(room)
    assert in_inbox(broker, room, lambda: broker.basic_publish(room, "", b"one")) == [b"one"]
    await neighbour.stop()
    assert in_inbox(broker, room, lambda: broker.basic_publish(room, "", b"two")) == [b"two"]


async def test_unbinding_ends_it_and_leaves_the_exchange_to_the_publishers(
    binder: RoomBinder, broker: Channel, room: str
) -> None:
    await binder.bind(room)
    await binder.unbind(room)
    assert in_inbox(broker, room, lambda: broker.basic_publish(room, "", b"hello")) == []
    broker.exchange_declare(room, passive=True)


async def test_a_legacy_publisher_can_declare_the_exchange_before_and_after(
    binder: RoomBinder, broker: Channel, room: str
) -> None:
    broker.exchange_declare(room, exchange_type="fanout")
    await binder.bind(room)
    broker.exchange_declare(room, exchange_type="fanout")


async def test_an_exchange_with_other_properties_is_used_as_it_is(
    binder: RoomBinder, broker: Channel, room: str
) -> None:
    broker.exchange_declare(room, exchange_type="fanout", durable=True)
    await asyncio.gather(binder.bind(room), *(binder.bind(f"{room}-{n}") for n in range(10)))
    assert in_inbox(broker, room, lambda: broker.basic_publish(room, "", b"hello")) == [b"hello"]


async def test_many_rooms_are_bound_at_once(binder: RoomBinder, broker: Channel) -> None:
    rooms = [f"room-{uuid.uuid4().hex}" for _ in range(200)]
    await asyncio.gather(*(binder.bind(room) for room in rooms))
    for room in rooms[::50]:
        assert in_inbox(broker, room, lambda room=room: broker.basic_publish(room, "", b"x"))


async def test_rooms_that_are_left_and_joined_again_at_the_same_time_are_bound(
    binder: RoomBinder, broker: Channel
) -> None:
    rooms = [f"room-{uuid.uuid4().hex}" for _ in range(20)]

    async def come_and_go(room: str) -> None:
        for _ in range(5):
            await binder.bind(room)
            await binder.unbind(room)
        await binder.bind(room)

    await asyncio.gather(*map(come_and_go, rooms))
    for room in rooms:
        assert in_inbox(broker, room, lambda room=room: broker.basic_publish(room, "", b"x"))


async def test_without_a_broker_binding_is_refused_within_its_time(
    free_port: Callable[[], int], room: str
) -> None:
    url = f"amqp://guest:s3cr3t@127.0.0.1:{free_port()}/"
    binder = RoomBinder(replace(Config(), amqp_url=url, bind_timeout_s=0.3))
    await binder.start()
    with pytest.raises(BindError) as caught:
        await binder.bind(room)
    assert "s3cr3t" not in str(caught.value)
    await binder.stop()


def is_bound(broker: Channel, room: str) -> bool:
    """Whether anything gets what is published to the room: its exchange can be deleted if not."""
    try:
        with broker.connection.channel() as channel:
            channel.exchange_delete(room, if_unused=True)
            channel.exchange_declare(room, "fanout")
    except ChannelClosedByBroker:
        return True
    return False


def forget(broker: Channel, binder: RoomBinder, room: str) -> None:
    """What a restart of the broker, and a publisher that is back already, leave of a binding."""
    broker.exchange_delete(room)
    broker.exchange_declare(room, "fanout")
    broker.queue_delete(f"wsmigrate.mark.{binder.key}")


async def cut(relay: Relay) -> None:
    """Cut the connection and let its end be noticed."""
    relay.cut()
    await asyncio.sleep(0.1)


class TestAConnectionThatIsLost:
    """Over a relay that is cut. The broker lives on, unless a test makes it forget."""

    @pytest.fixture
    def gaps(self) -> list[str]:
        return []

    @pytest.fixture
    async def relayed(self, relayed_url: str, gaps: list[str]) -> AsyncIterator[RoomBinder]:
        config = replace(Config(), amqp_url=relayed_url, bind_timeout_s=5.0)
        running = RoomBinder(config, on_gap=gaps.extend)
        await running.start()
        yield running
        await running.stop()

    async def test_it_is_opened_anew_and_the_bindings_were_there_all_along(
        self, relayed: RoomBinder, relay: Relay, broker: Channel, room: str, gaps: list[str]
    ) -> None:
        await relayed.bind(room)
        await cut(relay)
        relay.restore()
        await relayed.bind(f"{room}-new")
        assert in_inbox(broker, room, lambda: broker.basic_publish(room, "", b"x")) == [b"x"]
        assert gaps == []

    async def test_rooms_that_the_broker_has_forgotten_are_bound_again_and_told(
        self, relayed: RoomBinder, relay: Relay, broker: Channel, room: str, gaps: list[str]
    ) -> None:
        await relayed.bind(room)
        await cut(relay)
        # What a restart of the broker leaves of them.
        broker.exchange_delete(room)
        broker.queue_delete(f"wsmigrate.mark.{relayed._key}")
        relay.restore()
        await relayed.bind(room)
        assert in_inbox(broker, room, lambda: broker.basic_publish(room, "", b"x")) == [b"x"]
        assert gaps == [room]

    async def test_after_a_long_outage_it_is_opened_within_two_seconds(
        self, relayed: RoomBinder, relay: Relay, room: str
    ) -> None:
        """Publishers come back at once, and what they publish before it is bound nobody gets."""
        await relayed.bind(room)
        await cut(relay)
        await asyncio.sleep(7)
        relay.restore()
        restored = time.monotonic()
        await relayed.bind(room)
        assert time.monotonic() - restored < 2.0

    async def test_who_may_have_missed_something_is_told_before_thousands_of_rooms_are_bound(
        self, relayed: RoomBinder, relay: Relay, broker: Channel, room: str
    ) -> None:
        bound: list[bool] = []
        relayed._on_gap = lambda _: bound.append(is_bound(broker, room))
        await relayed.bind(room)
        await cut(relay)
        forget(broker, relayed, room)
        relay.restore()
        await relayed.bind(room)
        assert bound == [False]

    async def test_a_room_that_is_left_and_joined_while_it_is_bound_again_is_live(
        self, relayed: RoomBinder, relay: Relay, broker: Channel, room: str
    ) -> None:
        """As when its sockets are told, leave, and come back while others are bound."""

        async def leave_and_join() -> None:
            await relayed.unbind(room)
            await relayed.bind(room)

        joining: list[asyncio.Task[None]] = []
        relayed._on_gap = lambda _: joining.append(asyncio.create_task(leave_and_join()))
        await relayed.bind(room)
        await cut(relay)
        forget(broker, relayed, room)
        relay.restore()
        await relayed.bind(f"{room}-other")
        await asyncio.gather(*joining)
        assert room in relayed._confirmed  # or the next restart of the broker is kept from it

    async def test_no_client_is_let_into_a_room_meanwhile(
        self, relayed: RoomBinder, relay: Relay, room: str
    ) -> None:
        await relayed.bind(room)
        await cut(relay)
        waiting = asyncio.create_task(relayed.bind(room))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        relay.restore()
        await waiting

    async def test_a_room_that_was_left_meanwhile_is_unbound_afterwards(
        self, relayed: RoomBinder, relay: Relay, broker: Channel, room: str
    ) -> None:
        await relayed.bind(room)
        await cut(relay)
        await relayed.unbind(room)
        relay.restore()
        await relayed.bind(f"{room}-other")
        assert in_inbox(broker, room, lambda: broker.basic_publish(room, "", b"x")) == []

    async def test_a_room_that_is_refused_now_fails_alone(
        self, relayed: RoomBinder, relay: Relay, room: str, gaps: list[str]
    ) -> None:
        with pytest.raises(BindError, match="refused"):
            await relayed.bind("amq.not-allowed")
        await relayed.bind(room)
        relayed._confirmed.add("amq.not-allowed")
        await cut(relay)
        relay.restore()
        await relayed.bind(f"{room}-new")
        assert gaps == ["amq.not-allowed"]
