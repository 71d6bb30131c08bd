"""The parts of a stack that are ours: old server, new server, bridge and sample site."""

from __future__ import annotations

import importlib.util
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from dev_stack.marks import Mark, marked_processes
from dev_stack.parts import PartSpec
from dev_stack.ports import HOST
from dev_stack.probes import http_answers
from migrate_cli.routers.render.options import DOOR_PATH
from wsmigrate.errors import UnavailableError

SETTINGS_MODULE = "chatire.settings"

_CHECKOUT = Path(__file__).resolve().parents[1]
_DEFAULT_AMQP_PORTS = {"amqp": 5672, "amqps": 5671}


@dataclass(frozen=True)
class SitePorts:
    """Where the site, the two servers and the front door listen."""

    http: int
    legacy: int
    channels: int
    channels_admin: int
    front: int
    entrance: int = 0
    """Where browsers connect; 0: to the front door."""

    @property
    def public(self) -> int:
        """The port that browsers connect to."""
        return self.entrance or self.front


@dataclass(frozen=True)
class Site:
    """The sample site as it is to run: its folder, its services and what it is told about them."""

    folder: Path
    database: Path
    amqp_url: str = field(repr=False)
    postgres_dsn: str = field(repr=False)
    ports: SitePorts
    extra_env: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(40), repr=False)

    @property
    def legacy_pid_file(self) -> Path:
        """Where the old server writes the process id of its master."""
        return self.database.with_name("legacy.pid")

    def env(self) -> dict[str, str]:
        """The environment of every part of ours."""
        return {
            "WSMIGRATE_AMQP_URL": self.amqp_url,
            "WSMIGRATE_POSTGRES_DSN": self.postgres_dsn,
            "CHATIRE_DATABASE": str(self.database),
            "CHATIRE_WS_URL": f"ws://{HOST}:{self.ports.public}",
            "CHATIRE_SECRET_KEY": self.secret_key,
            "CHATIRE_ALLOWED_HOSTS": f"{HOST},localhost",
            "DJANGO_SETTINGS_MODULE": SETTINGS_MODULE,
            "PYTHONPATH": f"{self.folder}:{_CHECKOUT}",
            "PYTHONUNBUFFERED": "1",
            **self.extra_env,
        }


def sample_site_folder() -> Path:
    """Where ``manage.py`` of the sample site lies. Raises UnavailableError."""
    folder = _CHECKOUT / "examples" / "chatire"
    if not (folder / "manage.py").is_file():
        raise UnavailableError(
            "The sample site is not here: it comes with the repository, not with the package,"
            " so run this from a checkout of it."
        )
    return folder


def migration_commands() -> tuple[tuple[str, ...], ...]:
    """The commands that make the tables, to be run one after the other in the site's folder."""
    migrate = (sys.executable, "manage.py", "migrate", "--no-input", "--verbosity", "1")
    return (migrate, (*migrate, "--database", "channels_postgres"))


def legacy_part(site: Site) -> PartSpec:
    """The old server: uWSGI with gevent."""
    package = importlib.util.find_spec("legacy_uwsgi_ws")
    if package is None or package.origin is None:
        raise UnavailableError("The package legacy_uwsgi_ws is not installed.")
    folder = Path(package.origin).parent
    return PartSpec(
        name="legacy",
        command=(
            *(_uwsgi(), "--ini", str(folder / "uwsgi.ini")),
            *("--pidfile", str(site.legacy_pid_file)),
        ),
        cwd=folder.parent,
        probe=http_answers(site.ports.legacy),
        env={
            **site.env(),
            "PYTHONPATH": str(folder.parent),
            "LEGACY_WS_LISTEN": f"{HOST}:{site.ports.legacy}",
            "LEGACY_WS_AMQP_URL": site.amqp_url,
        },
    )


def channels_part(site: Site) -> PartSpec:
    """The new server."""
    ports = site.ports
    return PartSpec(
        name="channels",
        command=(
            *(sys.executable, "-m", "migrate_cli", "serve"),
            *("--host", HOST, "--port", str(ports.channels)),
            *("--admin", f"{HOST}:{ports.channels_admin}", "--door-path", DOOR_PATH),
            # Nobody waits for a local stack to end.
            *("--drain-delay", "0", "--close-per-second", "1000", "--close-within", "4"),
        ),
        cwd=site.folder,
        probe=http_answers(ports.channels, DOOR_PATH, healthy=True),
        env=site.env(),
    )


def bridge_part(site: Site, mark: Mark, settings_module: str) -> PartSpec:
    """The bridge. It may be given settings of its own, for a rehearsal of what goes wrong."""
    return PartSpec(
        name="bridge",
        command=(sys.executable, "-m", "migrate_cli", "bridge", "run"),
        cwd=site.folder,
        probe=_connected_to_broker(mark.of_part("bridge"), site.amqp_url),
        env={**site.env(), "DJANGO_SETTINGS_MODULE": settings_module},
    )


def site_part(site: Site) -> PartSpec:
    """The site itself, over WSGI with threads, as such sites run."""
    return PartSpec(
        name="site",
        command=(
            *(_uwsgi(), "--http-socket", f"{HOST}:{site.ports.http}"),
            *("--master", "--processes", "1", "--threads", "8", "--enable-threads"),
            *("--die-on-term", "--no-orphans", "--need-app"),
            # uWSGI closes the connection after each answer on this kind of socket. Saying so keeps
            # clients from sending their next request into it.
            *("--add-header", "Connection: close", "--buffer-size", "32768"),
            *("--module", "chatire.wsgi:application"),
        ),
        cwd=site.folder,
        probe=http_answers(site.ports.http, healthy=True),
        env=site.env(),
    )


def _uwsgi() -> str:
    program = Path(sys.executable).with_name("uwsgi")
    if not program.exists():
        raise UnavailableError(
            "uWSGI is not installed.", remedy="Install the extra 'dev': pip install '.[dev]'."
        )
    return str(program)


def _connected_to_broker(mark: Mark, amqp_url: str) -> Callable[[], bool]:
    """The bridge has no port to ask. It connects to the broker once it can relay: its tables are
    there and its settings are read."""
    parts = urlsplit(amqp_url)
    port = parts.port or _DEFAULT_AMQP_PORTS.get(parts.scheme, 0)

    def probe() -> bool:
        return any(_has_connection_to(process, port) for process in marked_processes(mark))

    return probe


def _has_connection_to(process: psutil.Process, port: int) -> bool:
    try:
        connections = process.net_connections("tcp")
    except psutil.Error:
        return False
    return any(
        link.status == psutil.CONN_ESTABLISHED and link.raddr and link.raddr.port == port
        for link in connections
    )
