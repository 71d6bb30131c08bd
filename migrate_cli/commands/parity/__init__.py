"""``wsmigrate parity``: whether two servers send the same frames."""

from __future__ import annotations

import click

from migrate_cli.commands.parity.check import check
from migrate_cli.commands.parity.lists import list_cases, list_rules
from migrate_cli.commands.parity.page import compare_page
from migrate_cli.commands.parity.record import record_rooms
from migrate_cli.commands.parity.replay import replay
from migrate_cli.commands.parity.watch import watch_rooms


@click.group()
def parity() -> None:
    """Prove that two WebSocket servers send identical frames."""


for command in (check, record_rooms, replay, watch_rooms, compare_page, list_rules, list_cases):
    parity.add_command(command)
