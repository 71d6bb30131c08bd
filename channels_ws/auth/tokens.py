"""Where a handshake carries its token. Nothing here knows what a token means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from django.http import parse_cookie

from wsmigrate.auth_config import TokenSource
from wsmigrate.config import Config

_SCHEME = "bearer"


@dataclass(frozen=True)
class OfferedToken:
    """A token as the client sent it, unchecked. It may be empty: then it is not a valid one."""

    source: TokenSource
    text: str = field(repr=False)

    @property
    def is_explicit(self) -> bool:
        """Whether the client put it there for this socket. A cookie is sent along with everything,
        and says nothing about what the page wants."""
        return self.source is not TokenSource.COOKIE


def offered_token(scope: Mapping[str, Any], config: Config) -> OfferedToken | None:
    """The token in a handshake's ASGI scope: the first, in the order of TokenSource."""
    finders = {
        TokenSource.SUBPROTOCOL: lambda: _after_marker(
            scope.get("subprotocols") or (), config.token_subprotocol
        ),
        TokenSource.HEADER: lambda: _bearer(header_values(scope, b"authorization")),
        TokenSource.QUERY: lambda: _of_query(
            scope.get("query_string") or b"", config.token_query_param
        ),
        TokenSource.COOKIE: lambda: cookies(scope).get(config.token_cookie) or None,
    }
    for source in config.token_sources:
        text = finders[source]()
        if text is not None:
            return OfferedToken(source, text)
    return None


def chosen_subprotocol(offered: Sequence[str], config: Config) -> str | None:
    """The subprotocol to answer with: the first one that is no token; None if none is offered.

    A client that offers subprotocols wants one of them back (RFC 6455, 4.2.2), and a browser closes
    the socket otherwise. The token is not sent back, since answers are what proxies log.
    """
    token_at = -1
    if TokenSource.SUBPROTOCOL in config.token_sources and config.token_subprotocol in offered:
        token_at = offered.index(config.token_subprotocol) + 1
    return next((name for at, name in enumerate(offered) if at != token_at), None)


def header_values(scope: Mapping[str, Any], name: bytes) -> list[str]:
    """The values of a header (its name in lower case), in their order."""
    headers: Iterable[tuple[bytes, bytes]] = scope.get("headers") or ()
    return [value.decode("latin-1") for key, value in headers if key.lower() == name]


def cookies(scope: Mapping[str, Any]) -> dict[str, str]:
    """The cookies by name."""
    found: dict[str, str] = parse_cookie("; ".join(header_values(scope, b"cookie")))
    return found


def _after_marker(offered: Sequence[str], marker: str) -> str | None:
    if marker not in offered:
        return None
    following = offered.index(marker) + 1
    return offered[following] if following < len(offered) else None


def _bearer(values: Sequence[str]) -> str | None:
    for value in values:
        scheme, _, rest = value.strip().partition(" ")
        if scheme.lower() == _SCHEME:
            return rest.strip()
    return None


def _of_query(query: bytes, name: str) -> str | None:
    values = parse_qs(query.decode("latin-1"), keep_blank_values=True).get(name)
    return values[0] if values else None
