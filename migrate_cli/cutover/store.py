"""The tables of a cutover in PostgreSQL (channels_ws/migrations/sql/0004_cutover.sql)."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, LiteralString, Self

import psycopg
from psycopg.rows import dict_row

from migrate_cli.cutover.records import (
    AuditEntry,
    Change,
    Holder,
    Note,
    Process,
    Stored,
    Wish,
)
from wsmigrate import __version__
from wsmigrate.errors import ConfigError, RefusedError, UnavailableError
from wsmigrate.site_state import SiteState, backend_named

_FENCED = "WS002"
_JUMP = "WS003"
_MISSING = frozenset({"42P01", "42883", "42703"})
_NO_CHARACTER = "\N{REPLACEMENT CHARACTER}"
_DEFAULTS: Mapping[str, Any] = {
    "connect_timeout": 5,  # seconds
    "fallback_application_name": "wsmigrate operator",
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}


class FencedError(RefusedError):
    """Somebody else has taken the operators' lock meanwhile. Nothing was changed."""


def storable(value: Any) -> Any:
    """The same with texts that PostgreSQL can hold: what a program said, or somebody typed, may
    have a NUL or bytes that are no UTF-8, and is to be written down all the same."""
    if isinstance(value, str):
        return value.replace("\0", _NO_CHARACTER).encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, Mapping):
        return {key: storable(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [storable(one) for one in value]
    return value


def _json(value: Any) -> str:
    return json.dumps(storable(value))


class StateStore:
    """Reads and changes the state, over one connection. May be used from several threads.

    Raises UnavailableError where PostgreSQL does not answer (a change may or may not have been made
    then), ConfigError where it lacks the tables, and for a change FencedError.
    """

    def __init__(self, parameters: Mapping[str, Any], database: str) -> None:
        """``parameters`` are psycopg's; ``database`` is its name in DATABASES."""
        self._parameters = {**_DEFAULTS, **parameters}
        self._database = database
        self._connection: psycopg.Connection[dict[str, Any]] | None = None
        self._turn = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Disconnect."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def another(self) -> StateStore:
        """One with a connection of its own."""
        return StateStore(self._parameters, self._database)

    def load(self) -> Stored:
        """The state as it is."""
        row = self._rows(
            "SELECT revision, stage, backend, binds, barrier, barrier_out, machine"
            " FROM wsmigrate_state"
        )[0]
        machine = row.pop("machine")
        return Stored(SiteState(**{**row, "backend": backend_named(row["backend"])}), machine)

    def save(self, fence: int, change: Change, note: Note) -> int:
        """Change the state and write the audit log, in one transaction. The new revision."""
        audit = {
            "version": __version__,
            "event": note.event,
            "command": note.command,
            "outcome": note.outcome,
            "why": note.why,
            "gates": [result.as_record() for result in note.gates],
        }
        row = self._rows(
            "SELECT wsmigrate_save(%s, %s::json, %s, %s, %s, %s, %s::json) AS revision",
            (
                fence,
                None if change.machine is None else _json(change.machine),
                change.stage,
                None if change.backend is None else change.backend.value,
                change.binds,
                change.barrier,
                _json(audit),
            ),
        )[0]
        return int(row["revision"])

    def processes(self, role: str | None = None, heard_within_s: float = 3600) -> list[Process]:
        """Those that were heard of lately, of one role or of all."""
        rows = self._rows(
            "SELECT role, host, pid, version, applied, facts,"
            " extract(epoch FROM clock_timestamp() - seen_at)::float8 AS silent_s"
            " FROM wsmigrate_process WHERE role = coalesce(%s, role)"
            " AND seen_at > clock_timestamp() - make_interval(secs => %s)"
            " ORDER BY role, host, pid, started_at",
            (role, heard_within_s),
        )
        return [Process(**row) for row in rows]

    def history(self, limit: int) -> list[AuditEntry]:
        """The last lines of the audit log, oldest first."""
        rows = self._rows(
            "SELECT id, at, who, host, fence, event, stage_from, stage_to, command, outcome, why,"
            " gates, revision FROM wsmigrate_audit ORDER BY id DESC LIMIT %s",
            (limit,),
        )
        return [AuditEntry(**{**row, "gates": tuple(row["gates"])}) for row in reversed(rows)]

    def cursors(self) -> dict[str, int]:
        """How far each inbox has been relayed (see bridge.positions)."""
        rows = self._rows('SELECT inbox, "offset" FROM wsmigrate_cursor')
        return {row["inbox"]: row["offset"] for row in rows}

    def bound_rooms(self) -> list[str]:
        """The rooms that servers have ever bound, and whose exchanges were not removed since."""
        rows = self._rows("SELECT room FROM wsmigrate_exchange ORDER BY room")
        return [row["room"] for row in rows]

    def forget_rooms(self, rooms: Sequence[str]) -> None:
        """Their exchanges are gone, or not ours."""
        self._rows(
            "DELETE FROM wsmigrate_exchange WHERE room = ANY (%s::text[]) RETURNING room",
            (list(rooms),),
        )

    def holder(self) -> Holder | None:
        """Who has the operators' lock; he may be dead."""
        rows = self._rows(
            "SELECT holder, who, host, process, doing, taken_at,"
            " extract(epoch FROM clock_timestamp() - seen_at)::float8 AS silent_s"
            " FROM wsmigrate_operator WHERE holder IS NOT NULL"
        )
        return Holder(**rows[0]) if rows else None

    def take_lock(self, mine: Holder, stale_after_s: float, dead: str | None) -> int | None:
        """The fence, or None where somebody else has the lock."""
        rows = self._rows(
            "SELECT wsmigrate_take_lock(%s, %s, %s, %s, %s, %s, %s) AS fence",
            (mine.holder, mine.who, mine.host, mine.process, mine.doing, stale_after_s, dead),
        )
        return None if rows[0]["fence"] is None else int(rows[0]["fence"])

    def keep_lock(self, fence: int) -> None:
        """Be heard of. Raises FencedError."""
        if self._rows("SELECT wsmigrate_keep_lock(%s) AS wish", (fence,))[0]["wish"] is None:
            raise _fenced()

    def give_lock_back(self, fence: int) -> None:
        """Let the next operator in."""
        self._rows("SELECT wsmigrate_give_lock_back(%s)", (fence,))

    def wish(self, wish: Wish) -> bool:
        """Ask something of the operator who holds the lock; whether there is one."""
        return bool(
            self._rows(
                "UPDATE wsmigrate_operator SET wish = %s, wished_by = %s, wish_why = %s"
                " WHERE holder IS NOT NULL RETURNING fence",
                (wish.kind, wish.who, wish.why),
            )
        )

    def take_wish(self, fence: int) -> Wish:
        """What others wish of the holder; it is told once. Raises FencedError."""
        row = self._rows("SELECT * FROM wsmigrate_take_wish(%s)", (fence,))[0]
        return Wish(row["wish"], row["wished_by"], row["wish_why"])

    def run_record(self) -> Mapping[str, Any]:
        """Where the run of a plan stands (wsmigrate.run_place); empty where none ever was."""
        if self._rows("SELECT to_regclass('wsmigrate_run') IS NULL AS older")[0]["older"]:
            return {}  # a database of an earlier version
        record: Mapping[str, Any] = self._rows("SELECT record FROM wsmigrate_run")[0]["record"]
        return record

    def save_run(self, fence: int, record: Mapping[str, Any]) -> None:
        """Write down where it stands. Raises FencedError."""
        self._rows("SELECT wsmigrate_save_run(%s, %s::json)", (fence, _json(record)))

    def note(self, fence: int, note: Note) -> None:
        """Write a line into the audit log, and change nothing. Raises FencedError."""
        self.save(fence, Change(), note)

    def _rows(self, statement: LiteralString, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        with self._turn, self._connected() as connection:
            return connection.execute(statement, storable(values)).fetchall()

    @contextlib.contextmanager
    def _connected(self) -> Iterator[psycopg.Connection[dict[str, Any]]]:
        try:
            if self._connection is None or self._connection.closed:
                self._connection = psycopg.connect(
                    **self._parameters, autocommit=True, row_factory=dict_row
                )
            yield self._connection
        except psycopg.Error as error:
            raise self._explained(error) from error

    def _explained(self, error: psycopg.Error) -> Exception:
        if error.sqlstate == _FENCED:
            return _fenced()
        if error.sqlstate == _JUMP:
            return RefusedError(
                "The notify backend cannot go from rabbitmq to channels, or back, in one step.",
                then="Nothing was changed.",
                remedy="Set it to both first.",
            )
        if error.sqlstate in _MISSING:
            return ConfigError(
                f"The database {self._database!r} lacks the tables of the cutover.",
                remedy=f"Run: python manage.py migrate --database {self._database}",
            )
        self.close()
        # libpq's texts name host, port, user and database, and never the password.
        lines = str(error).strip().splitlines() or [type(error).__name__]
        return UnavailableError(
            f"The state of the cutover, in the database {self._database!r}, cannot be had: "
            f"{lines[0].rstrip('.')}.",
            remedy=f"See that PostgreSQL is there, and as DATABASES[{self._database!r}] says.",
        )


def _fenced() -> FencedError:
    return FencedError(
        "Another operator has taken over the cutover meanwhile.",
        then="This command stops where it is.",
        remedy="See `wsmigrate status`.",
    )
