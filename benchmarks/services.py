"""PostgreSQL, Redis and RabbitMQ for a run: private instances, installed where they are missing."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import replace

import psycopg
from psycopg import sql

from benchmarks.kinds import Service
from dev_stack.runtime import Runtime
from dev_stack.services import LocalService
from dev_stack.services.packages import obtain
from dev_stack.services.postgres import private_postgres
from dev_stack.services.postgres_programs import postgres_programs
from dev_stack.services.rabbitmq import private_rabbitmq, rabbitmq_programs
from dev_stack.services.redis import installed_program as installed_redis
from dev_stack.services.redis import private_redis
from dev_stack.supervisor import Report

_DURABLE = ("-c", "fsync=on", "-c", "full_page_writes=on")


class Services:
    """The services that were asked for. They end with the runtime."""

    def __init__(self, runtime: Runtime, report: Report, *, fsync: bool) -> None:
        self._runtime = runtime
        self._report = report
        self._fsync = fsync
        self._urls: dict[Service, str] = {}

    def start(self, wanted: Iterable[Service]) -> None:
        """Start them side by side, and return when all are ready. Raises WsmigrateError."""
        for service in sorted(set(wanted), key=lambda one: one.value):
            local = self._made(service)
            self._runtime.supervisor.start(local.spec)
            self._urls[service] = local.url
        self._runtime.supervisor.wait_until_ready(*(service.value for service in self._urls))

    def url(self, service: Service) -> str:
        """Where one is reached, its password included."""
        return self._urls[service]

    def pids(self, service: Service) -> list[int]:
        """Its main process."""
        return self._runtime.supervisor.pids()[service.value][:1]

    def new_database(self, name: str, template: str = "template1") -> str:
        """Make a database in PostgreSQL; return its DSN."""
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(Service.POSTGRES).rpartition("/")[0] + f"/{name}"

    def drop_database(self, name: str) -> None:
        """Drop it, whoever uses it."""
        self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url(Service.POSTGRES), autocommit=True) as connection:
            connection.execute(statement)

    def _made(self, service: Service) -> LocalService:
        runtime, report = self._runtime, self._report
        if service is Service.POSTGRES:
            programs = postgres_programs(runtime.folder, report)
            local = private_postgres(programs, runtime.folder, runtime.ports, runtime.mark)
            return _durable(local) if self._fsync else local
        if service is Service.REDIS:
            program = obtain("Redis", "compare", installed_redis, report)
            return private_redis(program, runtime.folder, runtime.ports)
        return private_rabbitmq(
            rabbitmq_programs(report),
            runtime.folder,
            runtime.ports,
            unique=runtime.mark.stack,
            password=secrets.token_hex(12),
        )


def _durable(local: LocalService) -> LocalService:
    """PostgreSQL as in production; of an option that is given twice the last one counts."""
    return replace(local, spec=replace(local.spec, command=(*local.spec.command, *_DURABLE)))
