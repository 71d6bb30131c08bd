"""The plan that `wsmigrate run` follows, and where it stands in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.db import migrations

_SQL = Path(__file__).with_name("sql")


def _execute(schema_editor: Any, name: str) -> None:
    if schema_editor.connection.vendor == "postgresql":  # the layer's database is no other
        with schema_editor.connection.cursor() as cursor:
            cursor.execute((_SQL / name).read_text(encoding="utf-8"))


def _make(_apps: Any, schema_editor: Any) -> None:
    _execute(schema_editor, "0005_run.sql")


def _undo(_apps: Any, schema_editor: Any) -> None:
    _execute(schema_editor, "0005_run_undo.sql")


class Migration(migrations.Migration):
    dependencies = (("channels_ws", "0004_cutover"),)
    operations = (migrations.RunPython(_make, _undo),)
