"""The cursors of the inboxes."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    operations = (
        migrations.CreateModel(
            name="Cursor",
            fields=[
                ("inbox", models.CharField(max_length=255, primary_key=True, serialize=False)),
                (
                    "offset",
                    models.BigIntegerField(
                        help_text="Offset of the last message that the layer has."
                    ),
                ),
                ("moved_at", models.DateTimeField(auto_now=True)),
            ],
            options={"db_table": "wsmigrate_cursor"},
        ),
    )
