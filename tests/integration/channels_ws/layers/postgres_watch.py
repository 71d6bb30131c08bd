"""What PostgreSQL says of a database: connections, locks, rows."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import psycopg


class Watch:
    """Looks at one database over a connection of its own for each look."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn

    def value(self, query: str, *values: Any) -> Any:
        """The first value of the first row. Raises AssertionError if PostgreSQL takes nobody."""
        try:
            with psycopg.connect(self.dsn, autocommit=True) as connection:
                row = connection.execute(query.encode(), values).fetchone()
        except psycopg.OperationalError as error:
            raise AssertionError(f"PostgreSQL does not answer: {error}") from error
        return row[0] if row else None

    def connections(self) -> int:
        """Connections to the database, but for this one."""
        return int(
            self.value(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )

    def advisory_locks(self) -> int:
        return int(
            self.value(
                "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
                " WHERE locktype = 'advisory' AND datname = current_database()"
            )
        )

    def rows(self, table: str) -> int:
        return int(self.value(f"SELECT count(*) FROM {table}"))  # noqa: S608

    def terminate_all(self) -> None:
        """End every other connection to the database, as an administrator may."""
        self.value(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    def uses_index(self, query: str) -> bool:
        """Whether PostgreSQL can find the rows of a query by an index."""
        with psycopg.connect(self.dsn) as connection:
            connection.execute("SET enable_seqscan = off")
            plan = connection.execute(f"EXPLAIN {query}".encode()).fetchall()
        return not any("Seq Scan" in line for (line,) in plan)


def within(seconds: float, condition: Callable[[], bool], what: str) -> None:
    """Wait until a condition holds. Raises AssertionError."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(0.05)
