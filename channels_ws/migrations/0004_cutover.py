"""The state of a cutover: what publishers and servers follow, who is live, and what was done."""

from __future__ import annotations

from django.db import migrations

from channels_ws.migration_sql import sql_operation


class Migration(migrations.Migration):
    dependencies = (("channels_ws", "0003_bridge"),)
    operations = (sql_operation("0004_cutover"),)
