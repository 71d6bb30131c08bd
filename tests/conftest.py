"""Services for the tests that need real ones: private instances, started when first asked for.

They end with the test run, also when it is killed. Where one cannot be had the tests that need it
are skipped, and fail where the environment says ``CI``.
"""

from __future__ import annotations

import logging
import os
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest
from psycopg import sql

from dev_stack.runtime import Runtime
from dev_stack.services import LocalService
from dev_stack.services.haproxy import installed_program as installed_haproxy
from dev_stack.services.postgres import private_postgres
from dev_stack.services.postgres_programs import installed_programs as installed_postgres
from dev_stack.services.rabbitmq import installed_programs as installed_rabbitmq
from dev_stack.services.rabbitmq import private_rabbitmq


class Services:
    """The services of this test run. One that is killed is started again, as in a stack."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self._urls: dict[str, str] = {}

    def rabbitmq(self) -> str:
        """The URL of RabbitMQ; its user is guest, its password guest."""
        return self._url_of("rabbitmq", self._new_rabbitmq)

    def postgres(self) -> str:
        """The DSN of PostgreSQL, for a superuser and an empty database."""
        return self._url_of("postgres", self._new_postgres)

    def pid(self, name: str) -> int:
        """The main process of ``rabbitmq`` or ``postgres``."""
        return self.runtime.supervisor.pids()[name][0]

    def wait_until_ready(self, name: str) -> None:
        """Wait until a service that is being started is ready."""
        self.runtime.supervisor.wait_until_ready(name)

    def wait_until_started_anew(self, name: str, killed: int, within_s: float = 120.0) -> None:
        """Wait until another process stands in for the killed one and is ready."""
        deadline = time.monotonic() + within_s
        while killed in self.runtime.supervisor.pids()[name]:
            assert time.monotonic() < deadline, f"{name} was not started again"
            time.sleep(0.05)
        self.wait_until_ready(name)

    def _url_of(self, name: str, make: Callable[[], LocalService]) -> str:
        if name not in self._urls:
            service = make()
            self.runtime.supervisor.start(service.spec)
            self._urls[name] = service.url
        self.wait_until_ready(name)
        return self._urls[name]

    def _new_rabbitmq(self) -> LocalService:
        programs = installed_rabbitmq()
        if programs is None:
            unavailable("RabbitMQ")
        return private_rabbitmq(
            programs,
            self.runtime.folder,
            self.runtime.ports,
            unique=self.runtime.mark.stack,
            password="guest",
        )

    def _new_postgres(self) -> LocalService:
        programs = installed_postgres(self.runtime.folder)
        if programs is None:
            unavailable("PostgreSQL")
        return private_postgres(
            programs, self.runtime.folder, self.runtime.ports, self.runtime.mark
        )


def unavailable(what: str) -> NoReturn:
    """Skip the test, or fail it in CI, for want of a service."""
    reason = f"could not run: {what} is not installed (requirements/system-packages.txt)"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


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
def free_port(services: Services) -> Callable[[], int]:
    """Find ports on 127.0.0.1 that nobody else is given during the test run."""
    return services.runtime.ports.free


def _execute(dsn: str, statement: str, name: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(name)))
