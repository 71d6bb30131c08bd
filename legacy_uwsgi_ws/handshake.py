"""Whether a request is a WebSocket handshake that the server takes, and for which room."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

from wsmigrate.rooms import RoomError, room_of_decoded_path

_VERSION = "13"


@dataclass(frozen=True)
class Handshake:
    """A handshake that may go on."""

    room: str


@dataclass(frozen=True)
class Refusal:
    """A plain HTTP answer: the status line, extra headers, and one sentence for the body."""

    status: str
    text: str
    headers: tuple[tuple[str, str], ...] = ()


BROKER_AWAY = Refusal(
    "503 Service Unavailable",
    "The message broker cannot be reached. Try again in a few seconds.",
    (("Retry-After", "5"),),
)


def read_handshake(environ: Mapping[str, str]) -> Handshake | Refusal:
    """Judge a WSGI environment. What is no handshake (RFC 6455, 4.2.1) gets 400 or 426, a room
    that cannot be gets 403."""
    refusal = _no_handshake(environ)
    if refusal is not None:
        return refusal
    try:
        # PEP 3333: the environment holds bytes, each as the character of the same number.
        return Handshake(room_of_decoded_path(environ.get("PATH_INFO", "").encode("latin-1")))
    except RoomError as error:
        return Refusal("403 Forbidden", str(error))


def _no_handshake(environ: Mapping[str, str]) -> Refusal | None:
    if "websocket" not in _tokens(environ, "HTTP_UPGRADE"):
        return Refusal(
            "426 Upgrade Required",
            "This address serves WebSockets only.",
            (("Upgrade", "websocket"), ("Connection", "Upgrade")),
        )
    if environ.get("REQUEST_METHOD") != "GET" or "upgrade" not in _tokens(
        environ, "HTTP_CONNECTION"
    ):
        return Refusal("400 Bad Request", "A WebSocket handshake is a GET that asks to upgrade.")
    if environ.get("HTTP_SEC_WEBSOCKET_VERSION") != _VERSION:
        return Refusal(
            "426 Upgrade Required",
            f"WebSocket version {_VERSION} is the one spoken here.",
            (("Sec-WebSocket-Version", _VERSION),),
        )
    if not _is_key(environ.get("HTTP_SEC_WEBSOCKET_KEY", "")):
        return Refusal("400 Bad Request", "The Sec-WebSocket-Key has to be 16 bytes in base64.")
    return None


def _tokens(environ: Mapping[str, str], name: str) -> set[str]:
    return {token.strip().lower() for token in environ.get(name, "").split(",")}


def _is_key(value: str) -> bool:
    try:
        return len(base64.b64decode(value, validate=True)) == 16
    except (binascii.Error, ValueError):
        return False
