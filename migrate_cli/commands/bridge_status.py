"""How ``wsmigrate bridge status`` shows what it found."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from bridge.status import BridgeStatus, InboxStatus, RelayStatus


def shown(status: RelayStatus) -> None:
    """Print it."""
    console = Console()
    table = Table()
    for column in ("inbox", "state", "bridge", "waiting", "lag s", "relayed", "dead"):
        is_text = column in ("inbox", "state")
        table.add_column(column, justify="left" if is_text else "right", no_wrap=True)
    numbers = {one.owner: str(number) for number, one in enumerate(status.bridges, 1)}
    for one in status.inboxes:
        table.add_row(one.inbox, one.state, numbers.get(one.holder or "", "-"), *_figures(one))
    console.print(table)
    for number, bridge in enumerate(status.bridges, 1):
        console.print(f"Bridge {number}: {_bridge(bridge)}", soft_wrap=True, highlight=False)
    if not status.bridges:
        console.print("No bridge is running. Messages wait in the inboxes.")
    if status.dead_letters:
        reasons = ", ".join(f"{count} {reason}" for reason, count in status.dead_letters.items())
        console.print(f"Dead letters: {reasons}. See: wsmigrate bridge dead-letters list")
    if status.missing:
        total = sum(status.missing.values())
        console.print(
            f"[bold]Up to {total:,} messages are lost:[/bold] they were dropped by retention "
            f"before they were relayed, in {', '.join(status.missing)}."
        )


def _figures(one: InboxStatus) -> tuple[str, str, str, str]:
    if one.holder is None:
        return "-", "-", "-", "-"
    waiting, relayed, dead = (
        f"{one.said.get(name, 0):,}" for name in ("lag_messages", "relayed", "dead_lettered")
    )
    return waiting, f"{one.said.get('lag_s', 0.0):.1f}", relayed, dead


def _bridge(one: BridgeStatus) -> str:
    broker = "" if one.reaches_broker else ", without RabbitMQ"
    return (
        f"pid {one.pid} on {one.host}, {len(one.inboxes)} inboxes, up {one.up_s:.0f} s, "
        f"heard of {one.seen_s:.1f} s ago{broker}"
    )
