"""The command group. A command is imported when it is called, so that each role needs only its own
packages: a bridge's machine has no local stack."""

from __future__ import annotations

import importlib

import click

from wsmigrate import __version__

_COMMANDS = {
    "bridge": ("migrate_cli.commands.bridge", "bridge"),
    "demo": ("migrate_cli.commands.demo", "demo"),
    "room": ("migrate_cli.commands.room", "room"),
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
            raise click.ClickException(
                f"`wsmigrate {cmd_name}` needs the package {error.name!r}, which is not installed. "
                "Install the extra of its role, for example: pip install 'wsmigrate[bridge]'."
            ) from error
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}.{attribute} is no click command")
        return command


@click.command(cls=LazyGroup)
@click.version_option(__version__, prog_name="wsmigrate")
def cli() -> None:
    """Move a Django site's WebSockets from uWSGI and RabbitMQ to Django Channels, while it stays up."""
