"""The handshake of a client, byte for byte as a case wants it, and the server's answer."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from wsmigrate.amqp_url import redacted_url
from wsmigrate.errors import ConfigError
from wsmigrate.parity.recording import Handshake, accept_of_key

_DEFAULT_PORTS = {"ws": 80, "wss": 443}
_DEFLATE = "permessage-deflate; client_max_window_bits"  # as browsers offer it


@dataclass(frozen=True)
class Target:
    """Where a server is. ``path`` comes before the path of each case; a ``{room}`` in it stands for
    the room. ``query`` is added to every request (a token, say)."""

    host: str
    port: int
    tls: bool
    path: str = ""
    query: str = ""

    @classmethod
    def of(cls, url: str) -> Target:
        """Read a ws:// or wss:// URL. Raises ConfigError, without the query, which may hold a
        token, and without a password: it may be the URL of something else."""
        shown = redacted_url(url)
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise ConfigError(f"The WebSocket URL {shown} cannot be read.") from None
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
            raise ConfigError(
                f"{shown} is no WebSocket URL.",
                remedy="It has to look like ws://host:port or wss://host/path.",
            )
        tls = parts.scheme == "wss"
        path = parts.path.rstrip("/")
        return cls(parts.hostname, port or _DEFAULT_PORTS[parts.scheme], tls, path, parts.query)

    @property
    def authority(self) -> str:
        """Host and port as they stand in the header ``Host``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def full_path(self, path: str) -> str:
        """The path of a request, with that of the URL before it."""
        if "{room}" in self.path:
            return self.path.replace("{room}", path.strip("/"))
        return self.path + path


@dataclass(frozen=True)
class Request:
    """What a client asks for. ``path`` is as it stands on the wire, query string included."""

    path: str
    headers: tuple[tuple[str, str], ...] = ()
    subprotocols: tuple[str, ...] = ()
    offers_deflate: bool = False
    upgrades: bool = True
    version: str = "13"
    key: str = field(default_factory=lambda: base64.b64encode(os.urandom(16)).decode("ascii"))

    @property
    def is_websocket(self) -> bool:
        """Whether it is a handshake of RFC 6455."""
        return self.upgrades and self.version == "13"

    def to_bytes(self, target: Target) -> bytes:
        """The request on the wire."""
        path = self.path
        if target.query:
            path += ("&" if "?" in path else "?") + target.query
        lines = [f"GET {path} HTTP/1.1", f"Host: {target.authority}"]
        if self.upgrades:
            lines += [
                "Upgrade: websocket",
                "Connection: Upgrade",
                f"Sec-WebSocket-Key: {self.key}",
                f"Sec-WebSocket-Version: {self.version}",
            ]
        if self.offers_deflate:
            lines.append(f"Sec-WebSocket-Extensions: {_DEFLATE}")
        if self.subprotocols:
            lines.append("Sec-WebSocket-Protocol: " + ", ".join(self.subprotocols))
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape")

    def answered(self, head: bytes) -> Handshake:
        """The server's answer, up to the empty line. Raises ValueError for what is no HTTP."""
        lines = head.decode("utf-8", "backslashreplace").split("\r\n")
        version, _, rest = lines[0].partition(" ")
        status, _, phrase = rest.partition(" ")
        if not version.startswith("HTTP/1."):
            raise ValueError("no HTTP")
        pairs = (line.partition(":") for line in lines[1:] if line)
        headers = tuple((name, value.strip()) for name, _, value in pairs)
        handshake = Handshake(
            int(status),
            phrase,
            headers,
            is_websocket_request=self.is_websocket,
            offered_subprotocols=len(self.subprotocols),
        )
        accept = handshake.values().get("sec-websocket-accept")
        if accept is None:
            return handshake
        return replace(handshake, accepts_key=accept == (accept_of_key(self.key),))
