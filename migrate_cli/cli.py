"""The command group. A command is imported when it is called, so that each role needs only its own
packages: a bridge's machine has no local stack."""

from __future__ import annotations

import importlib

import click

from wsmigrate import __version__
from wsmigrate.errors import UnavailableError

_COMMANDS = {
    "abort": ("migrate_cli.commands.abort", "abort"),
    "advance": ("migrate_cli.commands.advance", "advance"),
    "bridge": ("migrate_cli.commands.bridge", "bridge"),
    "convert": ("migrate_cli.commands.convert", "convert"),
    "demo": ("migrate_cli.commands.demo", "demo"),
    "doctor": ("migrate_cli.commands.doctor", "doctor"),
    "drain": ("migrate_cli.commands.drain", "drain"),
    "gates": ("migrate_cli.commands.gates", "gates"),
    "history": ("migrate_cli.commands.history", "history"),
    "init": ("migrate_cli.commands.init", "init"),
    "notify": ("migrate_cli.commands.notify", "notify"),
    "parity": ("migrate_cli.commands.parity", "parity"),
    "pause": ("migrate_cli.commands.pause", "pause"),
    "plan": ("migrate_cli.commands.plan", "plan"),
    "rehearse": ("migrate_cli.commands.rehearse", "rehearse"),
    "resume": ("migrate_cli.commands.resume", "resume"),
    "rollback": ("migrate_cli.commands.rollback", "rollback"),
    "room": ("migrate_cli.commands.room", "room"),
    "route": ("migrate_cli.commands.route", "route"),
    "run": ("migrate_cli.commands.run", "run"),
    "scan": ("migrate_cli.commands.scan", "scan"),
    "serve": ("migrate_cli.commands.serve", "serve"),
    "status": ("migrate_cli.commands.status", "status"),
    "up": ("migrate_cli.commands.up", "up"),
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports each at its first use."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module, attribute = _COMMANDS[cmd_name]
        try:
            command = getattr(importlib.import_module(module), attribute)
        except ModuleNotFoundError as error:
            return _unavailable(cmd_name, error.name or module)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}.{attribute} is no click command")
        return command


def missing_package(command: str, package: str) -> UnavailableError:
    """The error of a command whose package is missing."""
    return UnavailableError(
        f"`wsmigrate {command}` needs the package {package!r}, which is not installed.",
        remedy="Install the extra of its role, for example: pip install 'wsmigrate[bridge]'.",
    )


def _unavailable(name: str, package: str) -> click.Command:
    """Stands for a command whose packages are missing: it is listed, and says what to install."""

    def refuse() -> None:
        raise missing_package(name, package)

    return click.Command(
        name,
        callback=refuse,
        short_help=f"(needs the package {package!r})",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
        add_help_option=False,
    )


@click.command(cls=LazyGroup)
@click.version_option(__version__, prog_name="wsmigrate")
def cli() -> None:
    """Move a Django site from uWSGI and RabbitMQ WebSockets to Channels, while it stays up."""
