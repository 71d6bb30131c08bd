"""The share that really moved: rooms are asked for at the door, and answers say their side."""

from __future__ import annotations

import http.client
import math
import ssl
import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from migrate_cli.routers.render.options import SERVER_HEADER
from wsmigrate.errors import ConfigError, UnavailableError
from wsmigrate.sides import Side

_TIMEOUT_S = 5.0
_SPELLINGS_EVERY = 10


@dataclass(frozen=True)
class Measured:
    """What came of probing ``rooms`` rooms: how many answers came from each side, how many did not
    say, how many did not come. ``split`` rooms went to another side by another spelling."""

    rooms: int
    legacy: int
    channels: int
    unnamed: int
    failed: int
    split: int
    by_counters: bool = False
    """Counted by the door, other clients along with the probes, as no answer said its side."""

    @property
    def percent(self) -> float | None:
        """The share of the new server, 0 to 100, of the rooms whose side is known; None if none
        is."""
        known = self.legacy + self.channels
        return 100 * self.channels / known if known else None

    @property
    def margin(self) -> float | None:
        """How far chance alone may take ``percent`` from the truth: two standard errors."""
        known = self.legacy + self.channels
        if not known or self.percent is None:
            return None
        share = self.percent / 100
        return 200 * math.sqrt(max(share * (1 - share), 1 / known) / known)


def measure(url: str, rooms: int) -> Measured:
    """Ask for so many rooms, with names that nobody else has, at the URL of the front door.

    Plain requests, no handshakes: neither server opens a socket or a room for them, and a published
    legacy server has no client that could leave. Each tenth room is asked for in three more
    spellings. Raises ConfigError for a URL that cannot be, UnavailableError where nobody answers.
    """
    place = place_of(url)
    run = uuid.uuid4().hex[:12]
    sides: Counter[str | None] = Counter()
    failed, split = 0, 0
    for number in range(rooms):
        room = f"wsmigrate-probe-{run}-{number}"
        try:
            side = _side_of(place, f"/{room}")
            if number % _SPELLINGS_EVERY == 0:
                split += any(_side_of(place, other) != side for other in _spellings(room))
            sides[side] += 1
        except (OSError, http.client.HTTPException) as error:
            failed += 1
            if number == failed - 1 and failed == 3:
                raise UnavailableError(
                    f"The front door does not answer at {place.shown} ({type(error).__name__}).",
                    remedy="Give the address that browsers connect to, with --url or as `url`.",
                ) from error
    known = sides[Side.LEGACY.value], sides[Side.CHANNELS.value]
    return Measured(rooms, *known, sides.total() - sum(known), failed, split)


def sides_of(url: str, rooms: Iterable[str]) -> dict[str, Side | None]:
    """Where the front door sends clients of these rooms now; None where the answer does not say.

    Plain requests, as in ``measure``. Raises ConfigError; UnavailableError where nobody answers.
    """
    place = place_of(url)
    known = {side.value: side for side in Side}
    try:
        return {
            room: known.get(_side_of(place, f"/{quote(room, safe='')}") or "") for room in rooms
        }
    except (OSError, http.client.HTTPException) as error:
        raise UnavailableError(
            f"The front door does not answer at {place.shown} ({type(error).__name__})."
        ) from error


@dataclass(frozen=True)
class Place:
    """Where a server or a front door listens, and what stands before each path."""

    host: str
    port: int
    tls: bool
    prefix: str

    @property
    def shown(self) -> str:
        """For people."""
        return f"{'wss' if self.tls else 'ws'}://{self.host}:{self.port}{self.prefix}"

    def connection(self) -> http.client.HTTPConnection:
        """One that is not open yet, and gives up after some seconds."""
        if not self.tls:
            return http.client.HTTPConnection(self.host, self.port, timeout=_TIMEOUT_S)
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(
            self.host, self.port, timeout=_TIMEOUT_S, context=context
        )


def place_of(url: str) -> Place:
    """Read a URL, of ws, wss, http or https. Raises ConfigError."""
    try:
        parts = urlsplit(url)
        tls = parts.scheme in {"wss", "https"}
        if parts.scheme not in {"ws", "wss", "http", "https"} or not parts.hostname:
            raise ValueError(url)
        return Place(
            parts.hostname, parts.port or (443 if tls else 80), tls, parts.path.rstrip("/")
        )
    except ValueError as error:
        raise ConfigError(
            "The URL of the front door cannot be read.",
            remedy="Write it as ws://chat.example.com:8081 or wss://chat.example.com.",
        ) from error


def _side_of(place: Place, path: str) -> str | None:
    connection = place.connection()
    try:
        connection.request("GET", place.prefix + path, headers={"Connection": "close"})
        answer = connection.getresponse()
        answer.read()
        return answer.getheader(SERVER_HEADER)
    finally:
        connection.close()


def _spellings(room: str) -> tuple[str, ...]:
    first = f"%{ord(room[0]):02x}"
    return (f"//{room}", f"/{room}/?again", f"/{first}{quote(room[1:4])}%2F{room[4:]}")
