"""The server that the clients come back to, as a drain watches it."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field

from migrate_cli.routers.port import NotOfferedError, Router
from wsmigrate.draining import Reading
from wsmigrate.errors import ConfigError
from wsmigrate.sides import Side

_TIMEOUT_S = 5.0
_ADMIN_EVERY_S = 0.5
_REFUSED = "wsmigrate_handshakes_refused_total"
_OF_THE_SERVER = ("broker", "layer", "server", "draining", "too-many", "new-rooms")
"""Reasons that lie with the server. A client that may not in is no error of the server."""


@dataclass
class OtherServer:
    """Reads the front door's counters of a server, and, where a URL is given, the new server's
    ``/metrics`` and how long ``/livez`` takes beside them: these twice a second at most."""

    router: Router
    side: Side
    admin_url: str | None = None
    _sessions: int | None = None
    _grown: int = field(default=0)
    _of_admin: tuple[float | None, int | None] = (None, None)
    _asked_admin: float = float("-inf")

    def __post_init__(self) -> None:
        if self.admin_url and not self.admin_url.startswith(("http://", "https://")):
            raise ConfigError("The admin URL has to begin with http:// or https://.")

    def read(self) -> Reading:
        """The counters now. Raises RouterError where the front door does not answer; a new server
        that does not answer counts as slow."""
        traffic = self.router.traffic(self.side)
        connects = traffic.connects if traffic.connects is not None else self._by_sessions()
        if self.admin_url is not None and time.monotonic() - self._asked_admin >= _ADMIN_EVERY_S:
            self._of_admin = self._ask_admin()
            self._asked_admin = time.monotonic()
        latency, refused = self._of_admin
        known = [value for value in (traffic.response_ms, latency) if value is not None]
        errors = [value for value in (traffic.errors, refused) if value is not None]
        return Reading(
            connects=connects,
            errors=sum(errors) if errors else None,
            latency_ms=max(known) if known else None,
            answered=traffic.answered,
        )

    def _by_sessions(self) -> int | None:
        """Where a door does not count connects: by how much the sessions have grown."""
        try:
            now = self.router.sessions().of(self.side)
        except NotOfferedError:
            return None
        if self._sessions is not None:
            self._grown += max(0, now - self._sessions)
        self._sessions = now
        return self._grown

    def _ask_admin(self) -> tuple[float | None, int | None]:
        began = time.monotonic()
        try:
            self._get("/livez")
            latency = 1000 * (time.monotonic() - began)
            return latency, refused_in(self._get("/metrics"))
        except (OSError, urllib.error.URLError, http.client.HTTPException):
            return 1000 * max(_TIMEOUT_S, time.monotonic() - began), None

    def _get(self, path: str) -> str:
        url = f"{(self.admin_url or '').rstrip('/')}{path}"
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - see above
            body: bytes = answer.read()
        return body.decode("utf-8", "replace")


def refused_in(exposition: str) -> int:
    """Handshakes that the server could not take, in Prometheus' text format."""
    total = 0.0
    for line in exposition.splitlines():
        name, _, value = line.rpartition(" ")
        reason = name.partition('reason="')[2].partition('"')[0]
        if name.startswith(f"{_REFUSED}{{") and reason.startswith(_OF_THE_SERVER):
            total += float(value)
    return int(total)
