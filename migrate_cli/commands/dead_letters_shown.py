"""How dead letters are shown. Never with their bodies."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bridge.dead_letters import KeptLetter
from bridge.positions import described


def table(letters: Sequence[KeptLetter]) -> None:
    """One line for each."""
    console = Console()
    if not letters:
        console.print("No dead letters.")
        return
    lines = Table()
    for column in ("id", "room", "reason", "bytes", "came at", "replayed"):
        lines.add_column(column, justify="right" if column in ("id", "bytes") else "left")
    for one in letters:
        lines.add_row(
            str(one.id),
            escape(one.room),
            one.reason,
            _size(one),
            f"{one.came_at:%Y-%m-%d %H:%M:%S}",
            "" if one.replayed_at is None else f"{one.replayed_at:%Y-%m-%d %H:%M:%S}",
        )
    console.print(lines)


def card(letter: KeptLetter) -> None:
    """All of one."""
    console = Console()
    lines = {
        "id": str(letter.id),
        "room": letter.room,
        "reason": f"{letter.reason}: {letter.explanation}",
        "bytes": _size(letter),
        "from": f"{letter.inbox}, {described(letter.position)}",
        "message id": letter.message_id or "-",
        "came at": letter.came_at.isoformat(timespec="seconds"),
        "replayed": "-"
        if letter.replayed_at is None
        else letter.replayed_at.isoformat(timespec="seconds"),
    }
    for name, value in lines.items():
        console.print(f"{name:>12}  {escape(value)}", soft_wrap=True)
    console.print(f"{'properties':>12}  {escape(json.dumps(letter.properties))}", soft_wrap=True)


def _size(letter: KeptLetter) -> str:
    if letter.size is None:
        return "never read"
    return f"{letter.size:,}" if letter.has_body else f"{letter.size:,} (not kept)"
