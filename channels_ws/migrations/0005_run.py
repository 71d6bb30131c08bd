"""The plan that `wsmigrate run` follows, and where it stands in it."""

from __future__ import annotations

from django.db import migrations

from channels_ws.migration_sql import sql_operation


class Migration(migrations.Migration):
    dependencies = (("channels_ws", "0004_cutover"),)
    operations = (sql_operation("0005_run"),)
