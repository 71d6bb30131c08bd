"""Services for the tests that need real ones: private instances, started when first asked for.

They end with the test run, also when it is killed. Where one cannot be had the tests that need it
are skipped, and fail where the environment says ``CI``.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from dev_stack.runtime import Runtime
from dev_stack.services.haproxy import installed_program as installed_haproxy
from dev_stack.services.nginx import installed_program as installed_nginx
from private_services import Services, unavailable


@pytest.fixture(scope="session")
def services() -> Iterator[Services]:
    with Runtime(logging.getLogger(__name__).info) as runtime:
        yield Services(runtime)


@pytest.fixture(scope="session")
def amqp_url(services: Services) -> str:
    """A private RabbitMQ."""
    return services.rabbitmq()


@pytest.fixture(scope="session")
def postgres_dsn(services: Services) -> str:
    """A private PostgreSQL. The database is shared by all tests: see ``new_database``."""
    return services.postgres()


@pytest.fixture(scope="session")
def redis_url(services: Services) -> str:
    """A private Redis."""
    return services.redis()


@pytest.fixture
def new_database(postgres_dsn: str) -> Iterator[Callable[[], str]]:
    """Make empty databases; each call returns a DSN. They are dropped when the test ends."""
    names: list[str] = []

    def make() -> str:
        name = f"test_{uuid.uuid4().hex}"
        _execute(postgres_dsn, "CREATE DATABASE {}", name)
        names.append(name)
        return postgres_dsn.rpartition("/")[0] + f"/{name}"

    yield make
    for name in names:
        _execute(postgres_dsn, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture(scope="session")
def haproxy_program() -> Path:
    """The program, for tests that start an HAProxy of their own."""
    program = installed_haproxy()
    if program is None:
        unavailable("HAProxy")
    return program


@pytest.fixture(scope="session")
def nginx_program() -> Path:
    """The program, for tests that start an nginx of their own."""
    program = installed_nginx()
    if program is None:
        unavailable("nginx")
    return program


@pytest.fixture(scope="session")
def free_port(services: Services) -> Callable[[], int]:
    """Find ports on 127.0.0.1 that nobody else is given during the test run."""
    return services.runtime.ports.free


def _execute(dsn: str, statement: str, name: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(name)))
