"""How ``wsmigrate bridge status`` shows what it found."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from bridge.positions import described
from bridge.status import InboxStatus, RelayStatus


def shown(status: RelayStatus) -> None:
    """Print it."""
    console = Console()
    table = Table()
    for column in ("inbox", "state", "bridge", "lag", "relayed", "dead", "stands at"):
        table.add_column(column, justify="right" if column in ("relayed", "dead") else "left")
    names = {one.owner: f"{one.host} pid {one.pid}" for one in status.bridges}
    for one in status.inboxes:
        table.add_row(
            one.inbox,
            one.state,
            names.get(one.holder or "", "-"),
            _lag(one),
            f"{one.said.get('relayed', 0):,}" if one.holder else "-",
            f"{one.said.get('dead_lettered', 0):,}" if one.holder else "-",
            "-" if one.cursor is None else described(one.cursor),
        )
    console.print(table)
    console.print(_bridges(status))
    if status.dead_letters:
        reasons = ", ".join(f"{count} {reason}" for reason, count in status.dead_letters.items())
        console.print(f"Dead letters: {reasons}. See: wsmigrate bridge dead-letters list")
    if status.missing:
        total = sum(status.missing.values())
        console.print(
            f"[bold]Up to {total:,} messages are lost:[/bold] they were dropped by retention "
            f"before they were relayed, in {', '.join(status.missing)}."
        )


def _lag(one: InboxStatus) -> str:
    if one.holder is None:
        return "-"
    return f"{one.said.get('lag_messages', 0):,} messages, {one.said.get('lag_s', 0.0):.1f} s"


def _bridges(status: RelayStatus) -> str:
    if not status.bridges:
        return "No bridge is running. Messages wait in the inboxes."
    cut_off = sum(not one.reaches_broker for one in status.bridges)
    said = f"{len(status.bridges)} bridge{'s' if len(status.bridges) > 1 else ''}"
    return f"{said}, {cut_off} of them without RabbitMQ." if cut_off else f"{said}."
