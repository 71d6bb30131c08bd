"""``wsmigrate serve``: the new server, with paced ends, health and metrics."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from migrate_cli.django_project import need_packages, set_up_django
from wsmigrate.errors import ConfigError

_FILE = click.Path(dir_okay=False, exists=True, path_type=Path)
_ABOVE_0 = click.FloatRange(min=0, min_open=True)


@click.command()
@click.argument("app", required=False)
@click.option("--settings", help="Django settings module (default: DJANGO_SETTINGS_MODULE).")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: a free one."
)
@click.option(
    "--uds", type=click.Path(dir_okay=False, path_type=Path), help="Listen on this Unix socket."
)
@click.option("--fd", type=click.IntRange(min=0), help="Listen on this inherited descriptor.")
@click.option("--tls-cert", type=_FILE, help="Certificate chain, PEM.")
@click.option("--tls-key", type=_FILE, help="Its key, PEM (default: in the same file).")
@click.option(
    "--admin",
    metavar="[HOST:]PORT",
    help="Answer /livez, /readyz and /metrics here (default: nowhere; without a host: loopback).",
)
@click.option(
    "--door-path",
    default="/wsmigrate/door",
    show_default=True,
    help="What the front door checks, on the port of the clients.",
)
@click.option(
    "--close-per-second",
    type=_ABOVE_0,
    default=100.0,
    show_default=True,
    help="At the end, close so many sockets a second.",
)
@click.option(
    "--close-within",
    type=_ABOVE_0,
    default=60.0,
    show_default=True,
    help="Seconds from the signal until the process is gone, whatever clients do.",
)
@click.option(
    "--drain-delay",
    type=click.FloatRange(min=0),
    default=3.0,
    show_default=True,
    help="Seconds between the signal and the first close, for the front door to notice.",
)
@click.option(
    "--canary-late",
    type=_ABOVE_0,
    default=10.0,
    show_default=True,
    help="Not ready once the channel layer has carried no message for so many seconds.",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
)
def serve(
    *,
    app: str | None,
    settings: str | None,
    host: str,
    port: int,
    uds: Path | None,
    fd: int | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    admin: str | None,
    door_path: str,
    close_per_second: float,
    close_within: float,
    drain_delay: float,
    canary_late: float,
    log_level: str,
) -> None:
    """Run the project's ASGI application until SIGTERM or Ctrl-C, which close its sockets at a set
    pace. A second signal ends it at once.

    APP is package.module:attribute (default: ASGI_APPLICATION of the settings, else the WebSockets
    alone). The project is the one in the current folder.
    """
    need_packages("serve", "django", "channels", "pika", "psycopg", "uvicorn", "prometheus_client")
    # These need the packages.
    from channels_ws.serving import application, runner  # noqa: PLC0415
    from channels_ws.serving.ending import Ending  # noqa: PLC0415
    from channels_ws.serving.options import (  # noqa: PLC0415
        Address,
        ServeOptions,
        Tls,
        address_of,
    )

    if uds is not None and fd is not None:
        raise ConfigError("--uds and --fd are two places to listen on: choose one.")
    if tls_key is not None and tls_cert is None:
        raise ConfigError("--tls-key is given without --tls-cert.")
    listen: Address | Path | int = Address(host, port)
    if uds is not None or fd is not None:
        listen = uds if uds is not None else fd or 0
    options = ServeOptions(
        listen=listen,
        ending=Ending(close_per_second, close_within, drain_delay),
        admin=None if admin is None else address_of(admin),
        tls=None if tls_cert is None else Tls(tls_cert, tls_key),
        door_path=door_path,
        canary_late_s=canary_late,
    )
    set_up_django("The server", settings)
    _log(log_level)
    name = application.application_name(app)
    runner.run(application.load_application(name), name, options)


def _log(level: str) -> None:
    """The project's LOGGING counts; where it says nothing, lines go to standard error."""
    root = logging.getLogger()
    if not root.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        root.addHandler(handler)
    for name in ("channels_ws", "wsmigrate"):
        if logging.getLogger(name).level == logging.NOTSET:
            logging.getLogger(name).setLevel(level.upper())
    # Its lines on handshakes hold query strings, and so tokens.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    # pika reports each step of a lost connection, with a traceback; the binder says it in one line.
    logging.getLogger("pika").setLevel(logging.CRITICAL)
