"""Runs all checks. What one of them meets never keeps the others from being run."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from migrate_cli.doctor import (
    broker,
    front_door,
    migrations,
    pooler,
    postgres,
    processes,
    proxies,
    settings_checks,
    streams,
    uwsgi,
    versions,
)
from migrate_cli.doctor.context import Check, Context
from migrate_cli.doctor.postgres import NotReachedError
from wsmigrate.doctor.findings import Finding, Level
from wsmigrate.errors import WsmigrateError

_CHECKS: tuple[tuple[str, Check], ...] = (
    (versions.CHECK, versions.check),
    (settings_checks.CHECK, settings_checks.check),
    (broker.CHECK, broker.check),
    (streams.CHECK, streams.check),
    (postgres.CHECK, postgres.check),
    (pooler.CHECK, pooler.check),
    (migrations.CHECK, migrations.check),
    (processes.CHECK, processes.check),
    (uwsgi.CHECK, uwsgi.check),
    (front_door.CHECK, front_door.check),
    (proxies.CHECK, proxies.check),
)


def findings_of(context: Context) -> Iterator[Finding]:
    """All findings, check by check."""
    logging.getLogger("pika").setLevel(logging.CRITICAL)  # it reports with tracebacks
    for name, check in _CHECKS:
        yield from _guarded(name, check, context)


def _guarded(name: str, check: Any, context: Context) -> Iterator[Finding]:
    try:
        yield from check(context)
    except NotReachedError as error:
        yield Finding(name, Level.MEND, error.what, error.remedy)
    except WsmigrateError as error:
        yield Finding(name, Level.UNKNOWN, error.what, error.remedy)
    except Exception as error:  # of a library, or of the project: its text may hold anything
        what = f"It could not be looked at: {type(error).__name__}."
        yield Finding(name, Level.UNKNOWN, what)
