"""Orders that an operator who is at work can be asked to follow."""

from __future__ import annotations

import json
from pathlib import Path

import click

from migrate_cli.cutover.conduct import Order
from migrate_cli.cutover.lock import LockedError, who
from migrate_cli.cutover.options import carry_out
from migrate_cli.cutover.records import Wish
from migrate_cli.wiring import operation


def order_or_wish(
    wish: str, order: Order, config_file: Path | None, settings: str | None, as_json: bool
) -> int:
    """Carry the order out; while somebody is at work, ask it of him. Raises what ``conduct``
    raises."""
    try:
        return carry_out(order, config_file, settings, as_json)
    except LockedError as locked:
        with operation(config_file, settings) as site:
            if not site.store.wish(Wish(wish, who(), order.why)):
                raise
        tell_asked(wish, locked, as_json)
        return 0


def tell_asked(wish: str, locked: LockedError, as_json: bool) -> None:
    """Say of whom it was asked."""
    holder = locked.holder
    if as_json:
        click.echo(json.dumps({"asked": holder.who, "host": holder.host, "wish": wish}))
    else:
        click.echo(f"{holder.who} on {holder.host} is at work, and was asked: {wish}.")
