"""``wsmigrate bridge``: the relay from RabbitMQ into the channel layer."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
from typing import TYPE_CHECKING

import click

import bridge.settings as project
from migrate_cli.commands.dead_letters import dead_letters
from migrate_cli.django_project import need_packages, set_up_django
from wsmigrate.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from bridge.status import RelayStatus

_SETTINGS = click.option(
    "--settings", help="Django settings module (default: DJANGO_SETTINGS_MODULE)."
)


@click.group()
def bridge() -> None:
    """Relay what is published to RabbitMQ into the channel layer."""


bridge.add_command(dead_letters)


@bridge.command()
@_SETTINGS
@click.option(
    "--admin",
    metavar="[HOST:]PORT",
    help="Answer /healthz, /readyz and /metrics here (default: nowhere; without a host: loopback).",
)
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Lines for people, or a JSON object a line.",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
)
def run(settings: str | None, admin: str | None, log_format: str, log_level: str) -> None:
    """Relay until SIGTERM or Ctrl-C, which finish the batch in hand and give the leases back.

    Any number of bridges share the inboxes out. Reads CHANNEL_LAYERS, DATABASES and WSMIGRATE of
    the Django project in the current folder.
    """
    need_packages("bridge run", "django", "channels", "pika", "psycopg", "prometheus_client")
    address = None if admin is None else _address(admin)
    set_up_django("The bridge", settings)
    _log_to_stderr(log_level, log_format)
    asyncio.run(_run(address))


@bridge.command()
@_SETTINGS
def reverse(settings: str | None) -> None:
    """Relay the other way, until SIGTERM: what is published straight to the layer goes to the
    rooms' exchanges, for clients of the old server.

    For publishers that cannot use the notify backend "both". Needs the PostgreSQL layer.
    """
    need_packages("bridge reverse", "django", "channels", "pika", "psycopg")
    set_up_django("The reverse relay", settings)
    _log_to_stderr("info", "text")
    asyncio.run(_run_reverse())


@bridge.command()
@_SETTINGS
@click.option("--execute", is_flag=True, help="Without it nothing changes, it only tells.")
def claim(settings: str | None, execute: bool) -> int:
    """Tell whose the inboxes of the settings are, and make them this site's.

    For a site whose database was made anew. If they are another site's, end that one's bridges and
    servers first: both would read the same inboxes. Exit code 1 if any is another site's.
    """
    need_packages("bridge claim", "django", "channels", "pika", "psycopg")
    set_up_django("The bridge", settings)
    return asyncio.run(_claim(execute))


@bridge.command()
@_SETTINGS
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def status(settings: str | None, as_json: bool) -> int:
    """Show who relays which inbox, how far behind it is, and what could not be relayed.

    Exit code 0 if every inbox is relayed, 1 if not, 2 if that could not be found out.
    """
    need_packages("bridge status", "django", "channels", "psycopg")
    set_up_django("The bridge", settings)
    found = asyncio.run(_status())
    if as_json:
        click.echo(json.dumps(found.as_json(), indent=2))
    else:
        from migrate_cli.commands.bridge_status import shown  # noqa: PLC0415 - rich is slow

        shown(found)
    return ExitCode.DONE if found.is_relaying else ExitCode.REFUSED


async def _run(address: tuple[str, int] | None) -> None:
    from bridge.admin import AdminEndpoints, AdminServer  # noqa: PLC0415 - these need Django
    from bridge.assembly import assembled  # noqa: PLC0415
    from bridge.metrics import BridgeMetrics  # noqa: PLC0415

    config = project.project_config()
    layer = project.layer_of_project()
    database = project.database_parameters(config.database)
    async with assembled(config, layer, database) as relay:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, relay.stop)
        server = None
        if address is not None:
            metrics = BridgeMetrics(relay.figures, lambda: relay.health)
            server = AdminServer(AdminEndpoints(metrics, lambda: relay.health), *address)
            server.start()
        try:
            await relay.run()
        finally:
            if server is not None:
                server.stop()


async def _claim(execute: bool) -> int:
    from bridge.ownership import owners_of_inboxes, take_inboxes_over  # noqa: PLC0415
    from wsmigrate.inbox_claim import Owner  # noqa: PLC0415

    config = project.project_config()
    parameters = project.database_parameters(config.database)
    if execute:
        await take_inboxes_over(config, parameters)
    found = await owners_of_inboxes(config, parameters)
    for inbox, owner in found.items():
        click.echo(f"{inbox}  {owner.value}")
    if not execute:
        click.echo("Nothing was changed: add --execute to make all of them this site's.")
    return ExitCode.REFUSED if Owner.ANOTHER_SITE in found.values() else ExitCode.DONE


async def _run_reverse() -> None:
    from bridge.assembly import assembled_reverse  # noqa: PLC0415 - it needs Django

    config = project.project_config()
    layer = project.layer_of_project()
    database = project.database_parameters(config.database)
    async with assembled_reverse(config, layer, database) as relay:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, relay.stop)
        await relay.run()


async def _status() -> RelayStatus:
    from bridge.database import LayerDatabase  # noqa: PLC0415 - it needs psycopg
    from bridge.dead_letters import DeadLetterStore  # noqa: PLC0415
    from bridge.status import relay_status  # noqa: PLC0415

    config = project.project_config()
    database = LayerDatabase(project.database_parameters(config.database), config.database)
    try:
        letters = DeadLetterStore(database, config.dead_letter_bytes)
        return await relay_status(database, letters, config.inbox_names, config.bridge_lease_s)
    finally:
        await database.close()


def _address(value: str) -> tuple[str, int]:
    host, colon, port = value.rpartition(":")
    host = host.strip("[]") if colon else "127.0.0.1"
    if not port.isdigit() or int(port) > 65535 or not host:
        raise ConfigError(f"--admin {value!r} is no address.", remedy="Write it as 127.0.0.1:9101.")
    return host, int(port)


def _log_to_stderr(level: str, log_format: str) -> None:
    from bridge.json_log import JsonFormatter  # noqa: PLC0415

    handler = logging.StreamHandler()
    handler.setFormatter(
        JsonFormatter()
        if log_format == "json"
        else logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in ("bridge", "wsmigrate"):
        logging.getLogger(name).setLevel(level.upper())
    # pika reports each step of a lost connection, with a traceback; the bridge says it in one line.
    logging.getLogger("pika").setLevel(logging.CRITICAL)
