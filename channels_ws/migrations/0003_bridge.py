"""What bridges share: leases, dead letters, gaps. And the rooms that servers have bound."""

from __future__ import annotations

from django.db import migrations

from channels_ws.migration_sql import sql_operation


class Migration(migrations.Migration):
    dependencies = (("channels_ws", "0002_layer"),)
    operations = (sql_operation("0003_bridge"),)
