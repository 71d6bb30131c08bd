"""``wsmigrate bridge``: the relay from RabbitMQ into the channel layer."""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
import signal
import sys

import click

import bridge.settings as project
from migrate_cli.cli import missing_package


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
    if settings:
        os.environ["DJANGO_SETTINGS_MODULE"] = settings
    sys.path.insert(0, "")  # as manage.py has it
    _need("django", "channels", "pika", "psycopg")
    project.set_up_django()
    _log_to_stderr(log_level)
    asyncio.run(_run())


def _need(*packages: str) -> None:
    for package in packages:
        try:
            importlib.import_module(package)
        except ImportError as error:  # also a psycopg that finds no libpq
            raise missing_package("bridge run", package) from error


async def _run() -> None:
    from bridge.cursors import CursorStore  # noqa: PLC0415 - these need Django to be set up
    from bridge.runner import Bridge  # noqa: PLC0415

    config = project.project_config()
    layer = project.layer_of_project()
    cursors = CursorStore(project.database_parameters(config.database), config.database)
    relay = Bridge(config, layer, cursors)
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
