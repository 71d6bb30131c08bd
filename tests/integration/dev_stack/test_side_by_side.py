"""Two sets of services on one machine do not know of each other."""

import pika
import psycopg
import pytest

from dev_stack.runtime import Runtime
from dev_stack.services.postgres import private_postgres
from dev_stack.services.postgres_programs import installed_programs
from dev_stack.services.rabbitmq import installed_programs as installed_rabbitmq
from dev_stack.services.rabbitmq import private_rabbitmq


@pytest.fixture(scope="module")
def others(amqp_url, postgres_dsn):
    """A RabbitMQ and a PostgreSQL beside those of the test run."""
    with Runtime(lambda _: None) as runtime:
        unique = runtime.mark.stack
        services = [
            private_rabbitmq(
                installed_rabbitmq(),
                runtime.folder,
                runtime.ports,
                unique=unique,
                password="guest",
            ),
            private_postgres(
                installed_programs(runtime.folder), runtime.folder, runtime.ports, runtime.mark
            ),
        ]
        for service in services:
            runtime.supervisor.start(service.spec)
        runtime.supervisor.wait_until_ready("rabbitmq", "postgres")
        yield [service.url for service in services]


def test_two_brokers_keep_their_queues_apart(amqp_url, others):
    with (
        pika.BlockingConnection(pika.URLParameters(amqp_url)) as ours,
        pika.BlockingConnection(pika.URLParameters(others[0])) as theirs,
    ):
        ours.channel().queue_declare("only-ours", exclusive=True)
        with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="NOT_FOUND"):
            theirs.channel().queue_declare("only-ours", passive=True)


def test_two_databases_are_two_servers(postgres_dsn, others):
    with psycopg.connect(postgres_dsn) as ours, psycopg.connect(others[1]) as theirs:
        ports = [c.execute("SHOW port").fetchone() for c in (ours, theirs)]
        folders = [c.execute("SHOW data_directory").fetchone() for c in (ours, theirs)]
    assert ports[0] != ports[1]
    assert folders[0] != folders[1]
