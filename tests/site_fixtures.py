"""The sample site's processes, for tests of the new server and the bridge."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pika
import psycopg
import pytest
from psycopg import sql

from project import Project
from relay import Relay
from wsmigrate.topology import DEFAULT_INBOXES, inbox_names


@pytest.fixture(scope="session")
def migrated_database(postgres_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database with the layer's tables, to be copied: migrating takes seconds."""
    name = f"migrated_{uuid.uuid4().hex}"
    execute(postgres_dsn, "CREATE DATABASE {}", name)
    folder = tmp_path_factory.mktemp("migrated")
    Project("", dsn_of(postgres_dsn, name), folder, lambda: 0).migrate()
    return name


@pytest.fixture
def project(
    amqp_url: str,
    postgres_dsn: str,
    migrated_database: str,
    tmp_path: Path,
    free_port: Callable[[], int],
) -> Iterator[Project]:
    """The sample site with a migrated database of its own, and inboxes that are empty."""
    delete_inboxes(amqp_url)
    name = f"project_{uuid.uuid4().hex}"
    execute(postgres_dsn, "CREATE DATABASE {} TEMPLATE {}", name, migrated_database)
    site = Project(amqp_url, dsn_of(postgres_dsn, name), tmp_path, free_port)
    yield site
    site.stop()
    execute(postgres_dsn, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
def relay(amqp_url: str, free_port: Callable[[], int]) -> Iterator[Relay]:
    """A way to the broker that can be cut."""
    parameters = pika.URLParameters(amqp_url)
    between = Relay(free_port(), (parameters.host, parameters.port))
    yield between
    between.cut()


@pytest.fixture
def relayed_url(amqp_url: str, relay: Relay) -> str:
    """The broker's URL by way of ``relay``."""
    return amqp_url.replace(f":{pika.URLParameters(amqp_url).port}", f":{relay.port}")


def dsn_of(dsn: str, database: str) -> str:
    return f"{dsn.rpartition('/')[0]}/{database}"


def execute(dsn: str, statement: str, *names: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def delete_inboxes(amqp_url: str) -> None:
    with closing(pika.BlockingConnection(pika.URLParameters(amqp_url))) as connection:
        for inbox in inbox_names(DEFAULT_INBOXES):
            connection.channel().queue_delete(inbox)
