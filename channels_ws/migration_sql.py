"""Migrations that are SQL files: ``migrations/sql/NAME.sql`` and, for the way back,
``NAME_undo.sql``."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from django.db import migrations

_FOLDER = Path(__file__).parent / "migrations" / "sql"


def sql_operation(name: str) -> migrations.RunPython:
    """Runs a file there and back on PostgreSQL. The layer's database is no other: elsewhere nothing
    is done."""
    return migrations.RunPython(
        functools.partial(_execute, f"{name}.sql"), functools.partial(_execute, f"{name}_undo.sql")
    )


def _execute(name: str, _apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        with schema_editor.connection.cursor() as cursor:
            cursor.execute((_FOLDER / name).read_text(encoding="utf-8"))
