"""Tables that live in the database of the PostgreSQL channel layer (see routers.py)."""

from __future__ import annotations

from django.db import models


class Cursor(models.Model):
    """How far an inbox has been relayed. Bridges read and move it by plain SQL."""

    inbox = models.CharField(max_length=255, primary_key=True)
    offset = models.BigIntegerField(help_text="Offset of the last message that the layer has.")
    moved_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "wsmigrate_cursor"

    def __str__(self) -> str:
        return f"{self.inbox} at {self.offset}"
