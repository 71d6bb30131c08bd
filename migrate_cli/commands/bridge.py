"""``wsmigrate bridge``: the relay from RabbitMQ into the channel layer."""

from __future__ import annotations

import asyncio
import logging
import signal

import click

import bridge.settings as project
from migrate_cli.django_project import need_packages, set_up_django


@click.group()
def bridge() -> None:
    """Relay what is published to RabbitMQ into the channel layer."""


@bridge.command()
@click.option("--settings", help="Django settings module (default: DJANGO_SETTINGS_MODULE).")
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
)
def run(settings: str | None, log_level: str) -> None:
    """Relay all inboxes until SIGTERM or Ctrl-C, which finish the batch in hand.

    Reads CHANNEL_LAYERS, DATABASES and WSMIGRATE of the Django project in the current folder.
    """
    need_packages("bridge run", "django", "channels", "pika", "psycopg")
    set_up_django("The bridge", settings)
    _log_to_stderr(log_level)
    asyncio.run(_run())


async def _run() -> None:
    from bridge.cursors import CursorStore  # noqa: PLC0415 - these need Django to be set up
    from bridge.runner import Bridge  # noqa: PLC0415
    from bridge.sinks import sink_for  # noqa: PLC0415

    config = project.project_config()
    layer = project.layer_of_project()
    database = project.database_parameters(config.database)
    cursors = CursorStore(database, config.database)
    relay = Bridge(config, sink_for(layer, config.event_name, cursors, database), cursors)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, relay.stop)
    await relay.run()


def _log_to_stderr(level: str) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in ("bridge", "wsmigrate"):
        logging.getLogger(name).setLevel(level.upper())
    # pika reports each step of a lost connection, with a traceback; the bridge says it in one line.
    logging.getLogger("pika").setLevel(logging.CRITICAL)
