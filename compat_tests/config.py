"""What a user gives on the command line or to pytest, checked and made into a run."""

from __future__ import annotations

import contextlib
import importlib.util
import ssl
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomllib

from compat_tests.capture.request import Target
from compat_tests.publishers import Publisher
from compat_tests.publishers.amqp import AmqpPublisher
from compat_tests.publishers.command import CommandPublisher
from compat_tests.publishers.http import HttpPublisher
from compat_tests.running.options import RunOptions, Server, Side
from wsmigrate.errors import ConfigError, UnavailableError
from wsmigrate.parity.own_rules import OwnRule, rules_of_document


@dataclass(frozen=True)
class Given:
    """The options of ``parity check``, as they were given."""

    legacy: str
    channels: str
    publish: str | None = field(default=None, repr=False)
    publish_cmd: str | None = None
    publish_http: str | None = None
    headers: Sequence[str] = field(default=(), repr=False)
    legacy_headers: Sequence[str] = field(default=(), repr=False)
    channels_headers: Sequence[str] = field(default=(), repr=False)
    rules: Path | None = None
    ca: Path | None = None
    patience_s: float = 5.0
    late_after_s: float = 0.6
    side_by_side: int = 4
    generated: int = 20
    seed: int = 0
    notifs_3: str | None = None
    notifs_4: str | None = None
    end_legacy_cmd: str | None = None
    end_channels_cmd: str | None = None


def run_options(given: Given) -> RunOptions:
    """The options of a run. Raises ConfigError."""
    tls = tls_context(given.ca)
    common = headers_of(given.headers)
    servers = {
        Side.LEGACY: Server(
            Target.of(given.legacy),
            (*common, *headers_of(given.legacy_headers)),
            tls,
            given.end_legacy_cmd or "",
        ),
        Side.CHANNELS: Server(
            Target.of(given.channels),
            (*common, *headers_of(given.channels_headers)),
            tls,
            given.end_channels_cmd or "",
        ),
    }
    notifs = {}
    if given.publish:
        notifs = {3: given.notifs_3 or "", 4: given.notifs_4 or _own_notifs_4()}
    return RunOptions(
        servers,
        given.patience_s,
        given.late_after_s,
        given.side_by_side,
        given.generated,
        given.seed,
        own_rules(given.rules),
        notifs,
        given.publish or "",
    )


def publisher_factory(given: Given) -> Callable[[], Publisher] | None:
    """How to publish; None where nothing was said of it. Raises ConfigError."""
    ways: list[Callable[[], Publisher]] = []
    if given.publish is not None:
        url = given.publish
        if importlib.util.find_spec("pika") is None:
            raise UnavailableError(
                "--publish amqp://… needs the package 'pika', which is not installed.",
                remedy="Install it, or use --publish-cmd or --publish-http.",
            )
        ways.append(lambda: AmqpPublisher(url))
    if given.publish_cmd is not None:
        command = given.publish_cmd
        ways.append(lambda: CommandPublisher(command))
    if given.publish_http is not None:
        address = given.publish_http
        ways.append(lambda: HttpPublisher(address))
    if len(ways) > 1:
        raise ConfigError("There are two ways to publish: give one of the --publish options.")
    if not ways:
        return None
    ways[0]().close()  # a URL that cannot be is said now
    return ways[0]


def own_rules(path: Path | None) -> tuple[OwnRule, ...]:
    """The rules of a TOML file. Raises ConfigError."""
    if path is None:
        return ()
    try:
        document: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"The rules {path} cannot be read ({error.strerror}).") from None
    except ValueError as error:
        raise ConfigError(f"The rules {path} are no TOML: {error}.") from None
    return rules_of_document(document)


def headers_of(lines: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """``Name: value`` as pairs. Raises ConfigError without the value, which may be a secret."""
    pairs = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip() or any(one in line for one in "\r\n"):
            raise ConfigError(f"The header {name.strip()!r} has to look like 'Name: value'.")
        pairs.append((name.strip(), value.strip()))
    return tuple(pairs)


def key_of(path: Path | None) -> bytes:
    """A key from a file, without white space around it. Raises ConfigError."""
    if path is None:
        return b""
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise ConfigError(f"The key file {path} cannot be read ({error.strerror}).") from None
    if not key:
        raise ConfigError(f"The key file {path} is empty.")
    return key


def tls_context(ca: Path | None) -> ssl.SSLContext | None:
    """Trust in the certificates of a file. Raises ConfigError."""
    if ca is None:
        return None
    try:
        return ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"The certificates {ca} cannot be used ({error}).") from None


def _own_notifs_4() -> str:
    """This Python, if it has django-notifs 4."""
    with contextlib.suppress(ImportError, ValueError):
        if importlib.util.find_spec("notifications.providers") is not None:
            return sys.executable
    return ""
