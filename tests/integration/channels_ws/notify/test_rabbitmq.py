"""The publisher to RabbitMQ: kept connections, reconnecting, threads."""

from __future__ import annotations

import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pika
import pytest

from channels_ws.notify.publication import Publication
from channels_ws.notify.rabbitmq import RabbitPublisher
from wsmigrate.errors import UnavailableError
from wsmigrate.message import published_at_of_headers

Channel = Any


@pytest.fixture
def queue(broker: Channel, room: str) -> str:
    broker.exchange_declare(room, exchange_type="fanout")
    name: str = broker.queue_declare("", exclusive=True).method.queue
    broker.queue_bind(name, room)
    return name


@pytest.fixture
def publisher(amqp_url: str) -> Iterator[RabbitPublisher]:
    made = RabbitPublisher(amqp_url)
    yield made
    made.close()


def publication(room: str, text: str = "x") -> Publication:
    return Publication(room, text, uuid.uuid4().hex)


def bodies_in(broker: Channel, queue: str) -> list[bytes]:
    got = []
    while (answer := broker.basic_get(queue, auto_ack=True))[0] is not None:
        got.append(answer[2])
    return got


def test_a_confirmed_message_is_in_the_queue_when_publish_returns(
    publisher: RabbitPublisher, broker: Channel, room: str, queue: str
) -> None:
    publisher.publish(publication(room, "hello"))
    assert bodies_in(broker, queue) == [b"hello"]


def test_a_message_says_when_it_was_published(
    publisher: RabbitPublisher, broker: Channel, room: str, queue: str
) -> None:
    before = time.time()
    publisher.publish(publication(room, "hello"))
    after = time.time()
    headers = broker.basic_get(queue, auto_ack=True)[1].headers
    assert before - 0.001 <= published_at_of_headers(headers) <= after + 0.001


def test_one_connection_is_kept_per_thread(
    publisher: RabbitPublisher, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[int] = []
    original = pika.BlockingConnection.__init__

    def counted(self: Any, *args: Any, **kwargs: Any) -> None:
        opened.append(threading.get_ident())
        original(self, *args, **kwargs)

    monkeypatch.setattr(pika.BlockingConnection, "__init__", counted)

    def publish_ten() -> None:
        for _ in range(10):
            publisher.publish(publication(room))
        publisher.close()

    threads = [threading.Thread(target=publish_ten) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(opened) == len(set(opened)) == 4


def test_messages_published_one_after_another_over_several_connections_keep_their_order(
    publisher: RabbitPublisher, amqp_url: str, broker: Channel, room: str, queue: str
) -> None:
    turns = 200
    workers = [publisher, *(RabbitPublisher(amqp_url) for _ in range(3))]
    for number in range(turns):
        workers[number % 4].publish(publication(room, str(number)))
    assert bodies_in(broker, queue) == [str(number).encode() for number in range(turns)]
    for worker in workers:
        worker.close()


def test_a_connection_that_was_cut_is_replaced_and_the_message_arrives_once(
    publisher: RabbitPublisher, broker: Channel, room: str, queue: str
) -> None:
    publisher.publish(publication(room, "before"))
    publisher._local.connection._connection._impl._transport._sock.shutdown(2)
    publisher.publish(publication(room, "after"))
    assert bodies_in(broker, queue) == [b"before", b"after"]


def test_an_exchange_that_is_gone_is_declared_anew(
    publisher: RabbitPublisher, broker: Channel, room: str
) -> None:
    publisher.publish(publication(room))
    broker.exchange_delete(room)
    publisher.publish(publication(room))
    broker.exchange_declare(room, passive=True)


def test_an_exchange_with_other_properties_is_published_to_as_it_is(
    publisher: RabbitPublisher, broker: Channel, room: str
) -> None:
    broker.exchange_declare(room, exchange_type="fanout", durable=True)
    name = broker.queue_declare("", exclusive=True).method.queue
    broker.queue_bind(name, room)
    publisher.publish(publication(room, "hello"))
    assert bodies_in(broker, name) == [b"hello"]


def test_without_a_broker_publishing_fails_within_seconds(
    free_port: Callable[[], int], room: str
) -> None:
    began = time.monotonic()
    with pytest.raises(UnavailableError, match="failed twice"):
        RabbitPublisher(f"amqp://guest:guest@127.0.0.1:{free_port()}/").publish(publication(room))
    assert time.monotonic() - began < 10


def test_a_broker_that_accepts_and_says_nothing_is_given_up_within_seconds(room: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"amqp://guest:guest@127.0.0.1:{silent.getsockname()[1]}/?stack_timeout=0.5"
        with pytest.raises(UnavailableError, match="failed twice"):
            RabbitPublisher(url).publish(publication(room))
