import logging
import os
import signal
import socket
import time
import uuid

import pika
import psutil
import pytest

from dev_stack.runtime import Runtime
from private_services import Services
from wsmigrate.topology import InboxRetention, inbox_arguments


@pytest.fixture
def channel(amqp_url):
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        yield connection.channel()


def test_guest_may_log_in_over_loopback(channel):
    assert channel.is_open


def test_a_stream_takes_messages_and_gives_them_out_with_offsets(channel):
    inbox, exchange = (f"test.{uuid.uuid4().hex}" for _ in range(2))
    channel.exchange_declare(exchange, "fanout")
    channel.queue_declare(inbox, durable=True, arguments=inbox_arguments(InboxRetention()))
    channel.queue_bind(inbox, exchange)
    channel.confirm_delivery()
    for body in (b"one", b"two"):
        channel.basic_publish(exchange, "", body)
    channel.basic_qos(prefetch_count=10)
    got = []
    for method, properties, body in channel.consume(
        inbox, arguments={"x-stream-offset": 0}, inactivity_timeout=20
    ):
        assert method is not None, "the stream gave nothing"
        got.append((properties.headers["x-stream-offset"], body))
        channel.basic_ack(method.delivery_tag)
        if len(got) == 2:
            break
    assert got == [(0, b"one"), (1, b"two")]
    channel.cancel()
    channel.queue_delete(inbox)
    channel.exchange_delete(exchange)


def test_it_listens_on_loopback_only_and_its_port_mapper_is_not_the_machines(services, amqp_url):
    node = psutil.Process(services.pid("rabbitmq"))
    listening = [
        link.laddr
        for process in (node, *node.children(recursive=True))
        for link in process.net_connections("inet")
        if link.status == psutil.CONN_LISTEN
    ]
    assert {address.ip for address in listening} <= {"127.0.0.1", "::1"}
    assert len({address.port for address in listening}) == 3
    assert not {4369, 5672, 25672} & {address.port for address in listening}


@pytest.fixture
def services_of_its_own():
    """A killed node needs a while until its streams can be had again: none that others use."""
    with Runtime(logging.getLogger(__name__).info) as runtime:
        yield Services(runtime)


def test_a_durable_queue_outlives_a_kill_and_the_port_stays(services_of_its_own):
    services, name = services_of_its_own, f"test.{uuid.uuid4().hex}"
    amqp_url = services.rabbitmq()
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        channel = connection.channel()
        channel.queue_declare(name, durable=True)
        channel.confirm_delivery()
        channel.basic_publish("", name, b"kept", pika.BasicProperties(delivery_mode=2))
    # The message is on the disk, but Erlang's disk_log keeps what it was told of the queue in
    # memory for up to two seconds (delayed_write).
    time.sleep(2.5)
    killed = services.pid("rabbitmq")
    os.kill(killed, signal.SIGKILL)
    services.wait_until_started_anew("rabbitmq", killed)
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        channel = connection.channel()
        assert channel.basic_get(name, auto_ack=True)[2] == b"kept"
        channel.queue_delete(name)


def test_it_greets_as_amqp_does(amqp_url):
    port = pika.URLParameters(amqp_url).port
    with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
        link.sendall(b"AMQP\x00\x00\x09\x01")
        assert link.recv(1) == b"\x01"
