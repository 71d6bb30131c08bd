"""Origins: which web pages may open a socket (RFC 6455, 10.2; RFC 6454)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

ANY_ORIGIN = "*"

_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_WILDCARD = "*."


@dataclass(frozen=True)
class OriginPattern:
    """One entry of ``ALLOWED_ORIGINS``.

    ``*`` allows every origin. ``https://chat.example.com`` allows that origin, at the scheme's
    default port; ``https://chat.example.com:8443`` at that port. Without a scheme,
    ``chat.example.com`` allows every scheme and port, ``chat.example.com:8443`` every scheme. A
    host that begins with ``*.`` stands for every subdomain, at any depth, and not for the domain
    itself.
    """

    scheme: str | None
    host: str
    port: int | None

    @classmethod
    def of(cls, text: str) -> OriginPattern:
        """Read an entry. Raises ValueError for what cannot be one."""
        if text == ANY_ORIGIN:
            return cls(None, ANY_ORIGIN, None)
        scheme, host, port = _parts(text if "://" in text else f"//{text}")
        if "*" in (host[len(_WILDCARD) :] if host.startswith(_WILDCARD) else host):
            raise ValueError("a '*' stands for whole subdomains, at the beginning")
        if scheme and port is None:
            port = _DEFAULT_PORTS.get(scheme)
        return cls(scheme or None, host, port)

    @property
    def allows_any(self) -> bool:
        return self.host == ANY_ORIGIN

    def allows(self, origin: Origin) -> bool:
        """Whether the origin is one that this entry stands for."""
        if self.allows_any:
            return True
        if self.scheme is not None and self.scheme != origin.scheme:
            return False
        if self.port is not None and self.port != origin.port:
            return False
        if self.host.startswith(_WILDCARD):
            return origin.host.endswith(self.host[1:]) and len(origin.host) >= len(self.host)
        return self.host == origin.host


@dataclass(frozen=True)
class Origin:
    """What a browser says in the header ``Origin``."""

    scheme: str
    host: str
    port: int | None

    @classmethod
    def of(cls, header: str) -> Origin:
        """Read the header. Raises ValueError for what is no origin, ``null`` included: pages
        without an origin of their own say that, and any page can make one of those."""
        scheme, host, port = _parts(header)
        if not scheme:
            raise ValueError("no scheme")
        return cls(scheme, host, port if port is not None else _DEFAULT_PORTS.get(scheme))


def origin_is_allowed(
    headers: Iterable[str], patterns: Iterable[OriginPattern], *, missing_is_allowed: bool
) -> bool:
    """Whether a handshake with these ``Origin`` headers may go on. Where
    not every origin is allowed, more than one header never may."""
    origins = list(headers)
    if not origins:
        return missing_is_allowed
    patterns = list(patterns)
    if any(pattern.allows_any for pattern in patterns):
        return True
    if len(origins) > 1:
        return False
    try:
        origin = Origin.of(origins[0])
    except ValueError:
        return False
    return any(pattern.allows(origin) for pattern in patterns)


def _parts(text: str) -> tuple[str, str, int | None]:
    if any(character.isspace() for character in text):
        raise ValueError("white space")
    parts = urlsplit(text)  # raises ValueError for brackets that do not match
    if parts.path not in {"", "/"} or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("more than scheme, host and port")
    if not parts.hostname:
        raise ValueError("no host")
    return parts.scheme.lower(), _host(parts.hostname), parts.port


def _host(host: str) -> str:
    """As browsers send it: lower case, punycode, no dot at the end."""
    host = host.rstrip(".").lower()
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise ValueError("the host cannot be") from error
