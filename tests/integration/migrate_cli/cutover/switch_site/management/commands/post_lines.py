"""``manage.py post_lines``: posts what it reads, a JSON list a line, and answers each with a line.

["post", room, text]; ["begin"] opens a transaction, ["commit"] or ["rollback"] ends it.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from switch_site.posting import post


class Command(BaseCommand):
    """Reads until standard input ends."""

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        """Take the lines one by one."""
        for what, *values in self._lines():
            if what == "begin":
                self._within_a_transaction()
            else:
                post(*values)
                self._answer()

    def _within_a_transaction(self) -> None:
        with transaction.atomic():
            self._answer()
            for what, *values in self._lines():
                if what == "rollback":
                    transaction.set_rollback(True)
                if what in {"commit", "rollback"}:
                    break
                post(*values)
                self._answer()
        self._answer()

    def _lines(self) -> Any:
        while line := sys.stdin.readline():
            yield json.loads(line)

    def _answer(self) -> None:
        self.stdout.write("done")
        self.stdout.flush()
