"""Publishing by an HTTP request."""

from __future__ import annotations

import http.client
from collections.abc import Sequence
from urllib.parse import quote, urlsplit

from wsmigrate.errors import ConfigError, UnavailableError

_LIMIT_S = 60


class HttpPublisher:
    """POSTs each payload as the body of a request, one after the other. ``{room}`` in the URL is
    the room, percent-encoded; without it ``room=`` is added to the query string."""

    def __init__(self, url: str, headers: Sequence[tuple[str, str]] = ()) -> None:
        try:
            parts = urlsplit(url)
            self._port = parts.port
        except ValueError:
            raise ConfigError("The URL of --publish-http cannot be read.") from None
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigError("The URL of --publish-http has to begin with http:// or https://.")
        self._host = parts.hostname
        self._tls = parts.scheme == "https"
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if "{room}" not in target:
            target += ("&" if parts.query else "?") + "room={room}"
        self._target = target
        self._headers = {"Content-Type": "application/octet-stream", **dict(headers)}
        self._connection: http.client.HTTPConnection | None = None

    def publish(self, room: str, payloads: Sequence[bytes]) -> None:
        """Publish. Raises UnavailableError where the answer is not 2xx."""
        target = self._target.replace("{room}", quote(room, safe=""))
        for payload in payloads:
            try:
                status = self._post(target, payload)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                raise UnavailableError(
                    f"Nothing could be published: {self._host} failed ({type(error).__name__}).",
                    remedy="Check the URL of --publish-http.",
                ) from error
            if not 200 <= status < 300:
                raise UnavailableError(
                    f"Nothing was published: {self._host} answered {status} to the POST."
                )

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _post(self, target: str, payload: bytes) -> int:
        if self._connection is None:
            kind = http.client.HTTPSConnection if self._tls else http.client.HTTPConnection
            self._connection = kind(self._host, self._port, timeout=_LIMIT_S)
        self._connection.request("POST", target, payload, self._headers)
        answer = self._connection.getresponse()
        answer.read()
        if answer.will_close:  # a kept one may be gone when the next request is written
            self.close()
        return answer.status
