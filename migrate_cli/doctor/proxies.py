"""Asks the servers by way of the front door, as a browser does."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from compat_tests.config import headers_of
from migrate_cli.doctor.context import Context
from migrate_cli.gates.settings import HEADERS_VARIABLE
from migrate_cli.routers.probing import Place, place_of, sides_of
from migrate_cli.routers.render.options import SERVER_HEADER
from wsmigrate.config import Config
from wsmigrate.doctor.findings import Finding, Level
from wsmigrate.doctor.proxies import (
    FORGED,
    FORWARDED,
    ORIGIN,
    OriginAnswers,
    SeenClient,
    of_client,
    of_origins,
)
from wsmigrate.origins import OriginPattern
from wsmigrate.sides import Side
from wsmigrate.synthetic import synthetic_rooms

CHECK = "front door"
_FOREIGN = "https://wsmigrate-doctor.invalid"
_DOOR_PATH = "/wsmigrate/door"
_TRIES = 60


@dataclass(frozen=True)
class _Answer:
    status: int
    side: str | None
    said: Any
    ours: str
    door: str


def check(context: Context) -> Iterator[Finding]:
    """Through the door: both servers, the client's address, the page's origin."""
    url = context.url or str(context.table("front_door").get("url") or "")
    if not url:
        what = "Where browsers come in was not said."
        remedy = "Give it with --url, or as url in [front_door] of wsmigrate.toml."
        yield Finding(CHECK, Level.SKIPPED, what, remedy)
        return
    place = place_of(url)
    try:
        answers = list(_answers(place))
    except ssl.SSLError as error:
        what = f"TLS with {place.shown} fails: {error.reason or type(error).__name__}."
        yield Finding(CHECK, Level.MEND, what, "Look at its certificate and its chain.")
        return
    except (OSError, http.client.HTTPException) as error:
        what = f"Nobody answers at {place.shown} ({type(error).__name__})."
        yield Finding(CHECK, Level.MEND, what, "Start the front door, or correct the URL.")
        return
    yield from _of_sides(answers, place)
    new = next((answer for answer in answers if _is_new(answer)), None)
    if new is None:
        what = (
            "The front door sends nobody to the new server yet (or that one does not run under "
            "`wsmigrate serve`), so it cannot be asked by this way."
        )
        yield Finding(FORWARDED, Level.SKIPPED, what, "Ask again from `canary` on.")
        return
    yield from _of_address(new)
    yield from _of_origin(url, place, context.project)


def _of_sides(answers: list[_Answer], place: Place) -> Iterator[Finding]:
    bad = [answer for answer in answers if answer.status in {502, 503, 504}]
    if len(bad) == len(answers):
        what = f"The front door at {place.shown} answers {bad[0].status}: no server is behind it."
        yield Finding(CHECK, Level.MEND, what, "See `wsmigrate route show`.")
        return
    sides = sorted({answer.side for answer in answers if answer.side})
    behind = f"; answers came from {' and '.join(sides)}" if sides else ""
    yield Finding(CHECK, Level.GOOD, f"The front door at {place.shown} answers{behind}.")
    if not sides:
        what = "Its answers do not say which server they are from."
        remedy = f"Have it set the header {SERVER_HEADER} (docs/front-door.md)."
        yield Finding(CHECK, Level.ADVICE, what, remedy)


def _of_address(new: _Answer) -> Iterator[Finding]:
    taken_for = new.said.get("client")
    if not isinstance(taken_for, str):
        what = "The new server does not say whom it takes a client for: it is of another version."
        yield Finding(FORWARDED, Level.UNKNOWN, what, "Restart it with this version.")
        return
    yield of_client(SeenClient(taken_for, new.ours, new.door))


def _of_origin(url: str, place: Place, project: Config) -> Iterator[Finding]:
    patterns = project.allowed_origins
    if project.reports_only or any(pattern.allows_any for pattern in patterns):
        why = "AUTHORIZE_MODE is 'report-only'" if project.reports_only else "any Origin may in"
        yield Finding(ORIGIN, Level.SKIPPED, f"{why[0].upper()}{why[1:]}, so nothing is refused.")
        return
    rooms = sides_of(url, synthetic_rooms(project.inboxes))
    room = next((room for room, side in rooms.items() if side is Side.CHANNELS), None)
    if room is None:
        what = "No synthetic room is sent to the new server for certain."
        yield Finding(ORIGIN, Level.SKIPPED, what, "Ask again with a greater share.")
        return
    allowed = next((_origin_of(pattern) for pattern in patterns), None)
    yield from of_origins(
        OriginAnswers(
            _handshake(place, room, _FOREIGN),
            None if allowed is None else _handshake(place, room, allowed),
        )
    )


def _origin_of(pattern: OriginPattern) -> str:
    """An origin that a pattern allows."""
    host = f"doctor{pattern.host[1:]}" if pattern.host.startswith("*.") else pattern.host
    port = f":{pattern.port}" if pattern.port and pattern.port not in {80, 443} else ""
    return f"{pattern.scheme or 'https'}://{host}{port}"


def _answers(place: Place) -> Iterator[_Answer]:
    """Of plain requests for paths that the door sends here or there, until the new server was
    asked. No handshakes: neither server opens a socket for them."""
    for number in range(_TRIES):
        answer = _asked(place, f"{_DOOR_PATH}/{number}")
        yield answer
        if _is_new(answer):
            return


def _asked(place: Place, path: str) -> _Answer:
    connection = place.connection()
    with contextlib.closing(connection):
        connection.connect()
        link: socket.socket = connection.sock
        ours, door = link.getsockname()[0], link.getpeername()[0]
        headers = {"Connection": "close", "X-Forwarded-For": FORGED}
        connection.request("GET", place.prefix + path, headers=headers)
        answer = connection.getresponse()
        body = answer.read(10_000)
        said: Any = None
        with contextlib.suppress(ValueError):
            said = json.loads(body)
        return _Answer(answer.status, answer.getheader(SERVER_HEADER), said, ours, door)


def _is_new(answer: _Answer) -> bool:
    return isinstance(answer.said, dict) and "phase" in answer.said


def _handshake(place: Place, room: str, origin: str) -> int | None:
    """The status of a handshake. None where nobody answers."""
    lines = os.environ.get(HEADERS_VARIABLE, "").splitlines()
    headers = {
        **dict(headers_of([line for line in lines if line.strip()])),
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode("ascii"),
        "Origin": origin,
    }
    connection = place.connection()
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        connection.request("GET", f"{place.prefix}/{quote(room, safe='')}", headers=headers)
        return connection.getresponse().status
    return None
