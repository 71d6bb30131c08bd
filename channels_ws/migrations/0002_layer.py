"""The message log of the PostgreSQL channel layer: tables and functions."""

from __future__ import annotations

from django.db import migrations

from channels_ws.migration_sql import sql_operation


class Migration(migrations.Migration):
    dependencies = (("channels_ws", "0001_initial"),)
    operations = (sql_operation("0002_layer"),)
