"""The last words of a log, for a message that says why a part ended."""

from __future__ import annotations

import os
from pathlib import Path

_LOOK_BACK_BYTES = 8192
_LONGEST_LINE = 300


def last_words(log: Path, lines: int = 3) -> str:
    """``the log <path> ends with: …``: its last lines that are not blank, joined by `` | ``."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _LOOK_BACK_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError as error:
        return f"its log {log} cannot be read ({error.strerror})"
    found = [line.strip()[:_LONGEST_LINE] for line in text.splitlines() if line.strip()]
    if not found:
        return f"its log {log} is empty"
    return f"its log {log} ends with: {' | '.join(found[-lines:])}"
