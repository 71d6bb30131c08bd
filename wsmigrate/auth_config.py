"""The settings that say who may open a socket, and how they are checked."""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence
from typing import Any

from wsmigrate.config_values import cannot_be, choice, is_dotted_path
from wsmigrate.errors import ConfigError
from wsmigrate.origins import OriginPattern

OPEN = "open"
AUTHENTICATED = "authenticated"
USUAL_NAME = "access_token"  # of the subprotocol, the cookie and the parameter
ANY_PATTERN = OriginPattern.of("*")

_HTTP_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


class TokenSource(str, enum.Enum):
    """Where a client may put its token, in the order in which they are looked at."""

    SUBPROTOCOL = "subprotocol"
    HEADER = "header"
    QUERY = "query"
    COOKIE = "cookie"


DEFAULT_TOKEN_SOURCES = (TokenSource.SUBPROTOCOL, TokenSource.HEADER, TokenSource.COOKIE)


class AuthorizeMode(str, enum.Enum):
    """What becomes of a client that may not in."""

    ENFORCE = "enforce"
    REPORT_ONLY = "report-only"


def policy(key: str, value: Any) -> str:
    """``open``, ``authenticated`` or a dotted path."""
    if isinstance(value, str) and (value in {OPEN, AUTHENTICATED} or is_dotted_path(value)):
        return value
    raise cannot_be(key, value, "'open', 'authenticated' or the dotted path of a function")


def authorize_mode(key: str, value: Any) -> AuthorizeMode:
    return AuthorizeMode(choice(AuthorizeMode, key, value))


def token_sources(key: str, value: Any) -> tuple[TokenSource, ...]:
    """In the order of TokenSource, whatever the order given."""
    given = {TokenSource(choice(TokenSource, key, entry)) for entry in _entries(key, value)}
    return tuple(source for source in TokenSource if source in given)


def origin_patterns(key: str, value: Any) -> tuple[OriginPattern, ...]:
    return tuple(_origin_pattern(key, entry) for entry in _entries(key, value))


def http_token(key: str, value: Any) -> str:
    """A name that may stand in a header: of a subprotocol (RFC 6455, 4.1) or a cookie."""
    if not isinstance(value, str) or not _HTTP_TOKEN.fullmatch(value):
        raise cannot_be(key, value, "a name without blanks, commas and the like")
    return value


def _origin_pattern(key: str, entry: Any) -> OriginPattern:
    try:
        return OriginPattern.of(entry)
    except (AttributeError, TypeError, ValueError) as error:
        raise ConfigError(
            f"WSMIGRATE[{key!r}] has {entry!r}, which is no origin ({error}).",
            remedy="Write it as 'https://chat.example.com', 'https://*.example.com' or '*'.",
        ) from error


def _entries(key: str, value: Any) -> Sequence[Any]:
    if not isinstance(value, (list, tuple)):
        raise cannot_be(key, value, "a list")
    return value
