"""What the sample site takes from environment variables, read and checked in one place."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from wsmigrate.errors import ConfigError

LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True)
class Environment:
    """The site's settings from outside. None of them has to be set."""

    database: Path
    websocket_url: str  # "" stands for the page's own host
    allowed_hosts: tuple[str, ...]
    debug: bool
    secret_key: str  # "" stands for the one kept beside the database
    amqp_url: str  # "" stands for: publish straight to the channel layer
    postgres: Mapping[str, Any] | None  # None stands for the in-memory layer
    authorize: str  # who may listen to a room, as WSMIGRATE["AUTHORIZE"]
    authorize_mode: str
    socket_token: bool  # whether the page sends its token when it opens a socket
    inbound: bool  # whether messages may be sent over the socket as well


def environment_of(variables: Mapping[str, str], *, base: Path) -> Environment:
    """Read the variables; ``base`` is the folder of the default database. Raises ConfigError."""
    dsn = variables.get("WSMIGRATE_POSTGRES_DSN", "")
    hosts = variables.get("CHATIRE_ALLOWED_HOSTS", "")
    return Environment(
        database=Path(variables.get("CHATIRE_DATABASE") or base / "db.sqlite3").absolute(),
        websocket_url=_websocket_url(variables.get("CHATIRE_WS_URL", "")),
        allowed_hosts=tuple(h.strip() for h in hosts.split(",") if h.strip()) or LOCAL_HOSTS,
        debug=_switch(variables, "CHATIRE_DEBUG"),
        secret_key=variables.get("CHATIRE_SECRET_KEY", ""),
        amqp_url=variables.get("WSMIGRATE_AMQP_URL", ""),
        postgres=postgres_settings(dsn) if dsn else None,
        authorize=variables.get("CHATIRE_AUTHORIZE") or "open",
        authorize_mode=variables.get("CHATIRE_AUTHORIZE_MODE") or "enforce",
        socket_token=_switch(variables, "CHATIRE_SOCKET_TOKEN"),
        inbound=_switch(variables, "CHATIRE_INBOUND"),
    )


def postgres_settings(dsn: str) -> dict[str, Any]:
    """Django's database settings for ``postgresql://user:password@host:port/database``.

    Parts may be percent-encoded; a query string becomes OPTIONS. Raises ConfigError, whose text
    does not repeat the password.
    """
    parts = _split(dsn, "WSMIGRATE_POSTGRES_DSN", ("postgresql", "postgres"))
    name = unquote(parts.path.removeprefix("/"))
    if not name:
        raise ConfigError(
            "WSMIGRATE_POSTGRES_DSN names no database.",
            remedy="Write it as postgresql://user:password@host:port/database.",
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "OPTIONS": dict(parse_qsl(parts.query)),
        # Django fills this in for DATABASES; channels-postgres' CONFIG has to say it.
        "TIME_ZONE": None,
    }


def kept_secret_key(path: Path) -> str:
    """The key kept in ``path``, made on first use: every process of the site has to sign and check
    tokens with the same one. Processes that start together agree on one. Raises ConfigError."""
    try:
        if not path.exists():
            _write_once(path, secrets.token_urlsafe(48))
        return path.read_text(encoding="ascii")
    except OSError as error:
        raise ConfigError(
            f"The secret key of the site cannot be kept in {path}: {error.strerror}.",
            remedy="Set CHATIRE_SECRET_KEY, or a CHATIRE_DATABASE in a folder that can be written.",
        ) from error


def _write_once(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    try:
        # Unlike a rename, a link does not replace the key of a process that was faster.
        path.hardlink_to(draft)
    except FileExistsError:
        return
    finally:
        draft.unlink()


def _websocket_url(url: str) -> str:
    if not url:
        return ""
    parts = _split(url, "CHATIRE_WS_URL", ("ws", "wss"))
    if parts.query or parts.fragment or parts.username:
        raise ConfigError(
            "CHATIRE_WS_URL holds more than a scheme, a host, a port and a path.",
            remedy="Write it as ws://host:port.",
        )
    return url.rstrip("/")


def _split(url: str, variable: str, schemes: tuple[str, ...]) -> SplitResult:
    """The parts of a URL. What is wrong is said without the URL, which may hold a password."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(
            f"{variable} is not a URL of the form {schemes[0]}://host:port.",
            remedy=f"Correct {variable}.",
        )
    return parts


def _switch(variables: Mapping[str, str], name: str) -> bool:
    value = variables.get(name, "0")
    if value not in {"0", "1", ""}:
        raise ConfigError(f"{name} is {value!r}.", remedy="Set it to 0 or 1.")
    return value == "1"
