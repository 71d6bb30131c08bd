"""Private services of a test run, started when first asked for."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import NoReturn

import pytest

from dev_stack.runtime import Runtime
from dev_stack.services import LocalService
from dev_stack.services.pgbouncer import installed_program as installed_pgbouncer
from dev_stack.services.pgbouncer import private_pgbouncer
from dev_stack.services.postgres import private_postgres
from dev_stack.services.postgres_programs import installed_programs as installed_postgres
from dev_stack.services.rabbitmq import installed_programs as installed_rabbitmq
from dev_stack.services.rabbitmq import private_rabbitmq
from dev_stack.services.redis import installed_program as installed_redis
from dev_stack.services.redis import private_redis


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

    def redis(self) -> str:
        """The URL of Redis. It forgets everything when it is started again."""
        return self._url_of("redis", self._new_redis)

    def pgbouncer(self) -> str:
        """The DSN of a PgBouncer in transaction mode, in front of PostgreSQL."""
        return self._url_of("pgbouncer", self._new_pgbouncer)

    def pid(self, name: str) -> int:
        """The main process of ``rabbitmq``, ``postgres``, ``redis`` or ``pgbouncer``."""
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

    def _new_redis(self) -> LocalService:
        program = installed_redis()
        if program is None:
            unavailable("Redis")
        return private_redis(program, self.runtime.folder, self.runtime.ports)

    def _new_pgbouncer(self) -> LocalService:
        program = installed_pgbouncer()
        if program is None:
            unavailable("PgBouncer")
        postgres = self.postgres()
        return private_pgbouncer(program, self.runtime.folder, self.runtime.ports, postgres)


def unavailable(what: str) -> NoReturn:
    """Skip the test, or fail it in CI, for want of a service."""
    reason = f"could not run: {what} is not installed (requirements/system-packages.txt)"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
