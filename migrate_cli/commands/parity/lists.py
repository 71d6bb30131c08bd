"""``wsmigrate parity rules`` and ``parity cases``."""

from __future__ import annotations

import click

from compat_tests.cases import all_cases
from wsmigrate.parity.rules import built_in_rules


@click.command("rules")
def list_rules() -> None:
    """List the differences that are ignored, and why."""
    for rule in built_in_rules():
        click.echo(f"{rule.name}\n    {rule.reason}")


@click.command("cases")
def list_cases() -> None:
    """List the cases."""
    for case in all_cases():
        click.echo(f"{case.group:<11} {case.name:<30} {case.title}")
