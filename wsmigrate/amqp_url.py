"""AMQP URLs: whether one can be a broker's, and how it is shown without its password."""

from __future__ import annotations

import ast
import re
from typing import Callable
from urllib.parse import SplitResult, parse_qs, urlsplit

from wsmigrate.errors import ConfigError

_FORM = "It has to look like amqp://user:password@host:5672/vhost."
_ENCODE = f"{_FORM} In the password write / as %2F, # as %23, ? as %3F and @ as %40."
_PLACE = re.compile(r"[\w.\-\[\]:%]+(?:/[\w.\-%]*)*")
"""What may be shown of a malformed URL: a host, a port and a path."""


def checked_amqp_url(url: str) -> str:
    """The URL itself, if it can be one of a broker; ConfigError without its password otherwise.

    Options behind the ``?`` are those of pika, and their values are checked here, before anything
    connects.
    """
    shown = redacted_url(url)
    parts = _split(url)
    if parts is None:
        raise ConfigError(f"The AMQP URL {shown} cannot be read.", remedy=_ENCODE)
    if parts.scheme not in {"amqp", "amqps"} or not parts.hostname:
        raise ConfigError(f"The AMQP URL {shown} is none.", remedy=_FORM)
    if parts.port == 0:
        raise ConfigError(f"The AMQP URL {shown} names port 0.")
    if parts.username is not None and parts.password is None:
        raise ConfigError(f"The AMQP URL {shown} names a user without a password.", remedy=_FORM)
    _check_options(shown, parts.query)
    return url


def redacted_url(url: str) -> str:
    """The URL without password and options, fit for logs and error messages.

    Of one that cannot be read only what follows the last ``@`` is shown.
    """
    parts = _split(url)
    if parts is not None and parts.netloc:
        userinfo, at, place = parts.netloc.rpartition("@")
        user, colon, _ = userinfo.partition(":")
        shown = f"{user}:***" if colon else user
        return f"{parts.scheme}://{shown}{at}{place}{parts.path}"
    if "@" not in url:
        return repr(url) if _PLACE.fullmatch(url) else "(not shown here)"
    place = url.rpartition("@")[2].partition("?")[0]
    return f"***@{place}" if _PLACE.fullmatch(place) else "***"


def _split(url: str) -> SplitResult | None:
    """The parts of a URL; None where they are not to be trusted: a password that holds a slash
    leaves its end, and the ``@``, to what looks like the path."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises where it is no number
    except ValueError:
        return None
    behind = parts.path + parts.fragment
    if "@" in behind or ("@" in parts.query and "@" not in parts.netloc):
        return None
    return parts


def _check_options(shown: str, query: str) -> None:
    for name, values in parse_qs(query).items():
        if name not in _OPTIONS:
            raise ConfigError(
                f"The AMQP URL {shown} has an option that is not known: {name!r}.",
                remedy=f"Known are {', '.join(sorted(_OPTIONS))}.",
            )
        expected, can_be = _OPTIONS[name]
        if len(values) != 1:
            raise ConfigError(f"The AMQP URL {shown} has the option {name!r} more than once.")
        if not can_be(values[0]):
            raise ConfigError(f"The option {name!r} in the AMQP URL {shown} has to be {expected}.")


def _whole(low: int, high: int) -> tuple[str, Callable[[str], bool]]:
    def can_be(value: str) -> bool:
        return value.isascii() and value.isdigit() and low <= int(value) <= high

    return f"a whole number from {low} to {high}", can_be


def _is_duration(value: str) -> bool:
    try:
        return 0 < float(value) < float("inf")
    except ValueError:
        return False


def _is_dictionary(value: str) -> bool:
    try:
        return isinstance(ast.literal_eval(value), (dict, type(None)))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return False


_SECONDS = ("a number of seconds above 0", _is_duration)
_DICTIONARY = ("a Python dictionary", _is_dictionary)
_OPTIONS: dict[str, tuple[str, Callable[[str], bool]]] = {
    "blocked_connection_timeout": _SECONDS,
    "channel_max": _whole(1, 65535),
    "client_properties": _DICTIONARY,
    "connection_attempts": _whole(1, 1000),
    "frame_max": _whole(4096, 131072),
    "heartbeat": _whole(0, 65535),
    "locale": ("a locale such as en_US", lambda value: value.isprintable()),
    "retry_delay": _SECONDS,
    "socket_timeout": _SECONDS,
    "ssl_options": _DICTIONARY,
    "stack_timeout": _SECONDS,
    "tcp_options": _DICTIONARY,
}
