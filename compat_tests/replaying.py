"""``wsmigrate parity replay``: a recorded corpus, held against another recording or a server."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from compat_tests.capture.client import WireClient
from compat_tests.capture.request import Request
from compat_tests.cases.case import Case
from compat_tests.publishers import Publisher
from compat_tests.running.mailroom import room_of_client
from compat_tests.running.options import Server, Side
from compat_tests.running.outcomes import CaseOutcome, SuiteOutcome
from compat_tests.running.patience import Patience
from compat_tests.running.seats import Bell, Seat, all_came
from wsmigrate.errors import ConfigError, UnavailableError
from wsmigrate.parity.comparison import Yardstick
from wsmigrate.parity.messages import messages_of
from wsmigrate.parity.own_rules import OwnRule
from wsmigrate.parity.raw_recording import read_raw
from wsmigrate.parity.recording import Recording
from wsmigrate.parity.recording_file import read_recording
from wsmigrate.parity.redaction import DigestRedactor
from wsmigrate.parity.replaying import (
    RoomComparison,
    compare_raw_recordings,
    compare_recordings,
)

NewPublisher = Callable[[], Publisher]


@dataclass(frozen=True)
class ReplayOptions:
    """``key`` is that of the digests, empty for plain ones."""

    corpus: Path
    rules: tuple[OwnRule, ...] = ()
    key: bytes = b""
    patience_s: float = 5.0


def replay_against(options: ReplayOptions, other: Path) -> SuiteOutcome:
    """Compare two recordings. Raises RecordingError, ConfigError."""
    began = time.monotonic()
    raw = read_raw(options.corpus), read_raw(other)
    if raw[0] is not None and raw[1] is not None and raw[0].redaction == raw[1].redaction:
        yardstick = Yardstick(
            own_rules=options.rules, with_ends=raw[0].has_ends and raw[1].has_ends
        )
        with contextlib.suppress(ValueError):  # the reader below names the line
            return _outcome(options, compare_raw_recordings(raw[0], raw[1], yardstick), began)
    expected, received = read_recording(options.corpus), read_recording(other)
    has_ends = all(
        socket.handshake is not None for one in (expected, received) for socket in one.sockets
    )
    yardstick = Yardstick(own_rules=options.rules, with_ends=has_ends)
    redactor = DigestRedactor(options.key)
    comparisons = compare_recordings(expected, received, yardstick, redactor)
    return _outcome(options, comparisons, began)


async def replay_live(
    options: ReplayOptions, server: Server, new_publisher: NewPublisher
) -> SuiteOutcome:
    """Publish a corpus anew, to the same rooms and in the order of its times, and compare what
    clients of a server get with what was recorded. Raises ConfigError, UnavailableError."""
    began = time.monotonic()
    corpus = read_recording(options.corpus)
    if corpus.redaction:
        raise ConfigError(
            "The recording holds digests only, so it cannot be published anew.",
            remedy="Compare it with another recording, or redact with a function of your own.",
        )
    publisher = new_publisher()
    try:
        got = await _played(corpus, server, publisher, options.patience_s)
    finally:
        await asyncio.to_thread(publisher.close)
    yardstick = Yardstick(own_rules=options.rules, with_ends=False)
    comparisons = compare_recordings(_firsts(corpus), got, yardstick, DigestRedactor())
    return _outcome(options, comparisons, began)


def _firsts(corpus: Recording) -> Recording:
    """One client of each room: that is what is published."""
    firsts = {socket.room: socket for socket in reversed(corpus.sockets)}
    return replace(corpus, sockets=tuple(reversed(firsts.values())))


async def _played(
    corpus: Recording, server: Server, publisher: Publisher, patience_s: float
) -> Recording:
    bell = Bell()
    began = time.monotonic()
    seats: dict[str, Seat] = {}
    for socket in _firsts(corpus).sockets:
        path = socket.path or "/" + quote(socket.room, safe="")
        request = Request(server.target.full_path(path), server.headers)
        wire = await WireClient.open(
            request, server.target, began=began, changed=bell.ring, tls=server.tls
        )
        if wire.handshake is None or not wire.handshake.is_open:
            status = "nothing" if wire.handshake is None else wire.handshake.status
            raise UnavailableError(
                f"{server.target.authority} answered {status} to a client of {socket.room!r}.",
                then="Nothing was published.",
            )
        seats[socket.room] = Seat("client", Side.CHANNELS, 1, socket.room, wire)
    timed = [
        (message.at, room_of_client(socket.path or socket.room) or socket.room, message.content)
        for socket in _firsts(corpus).sockets
        for message in messages_of(socket.frames)
    ]
    timed.sort(key=lambda entry: entry[0])
    for room, payloads in _runs_of(timed):
        await asyncio.to_thread(publisher.publish, room, payloads)
        if room in seats:
            seats[room].due += len(payloads)
    await all_came(seats.values(), bell, Patience(patience_s))
    for seat in seats.values():
        seat.wire.close()
    await bell.until(lambda: not any(seat.wire.is_open for seat in seats.values()), 5.0)
    got = tuple(seat.wire.recording(seat.label, room) for room, seat in seats.items())
    for seat in seats.values():
        seat.wire.cut()
    return Recording(got)


def _runs_of(timed: Sequence[tuple[float, str, bytes]]) -> Iterable[tuple[str, list[bytes]]]:
    """Messages of one room that follow on one another, together."""
    room, payloads = "", list[bytes]()
    for _, other, payload in timed:
        if other != room and payloads:
            yield room, payloads
            payloads = []
        room = other
        payloads.append(payload)
    if payloads:
        yield room, payloads


def _outcome(
    options: ReplayOptions, comparisons: Iterable[RoomComparison], began: float
) -> SuiteOutcome:
    outcomes = [
        CaseOutcome(
            Case(one.room, f"room {one.room!r}, {one.received.client}", (), (), group="replay"),
            one.comparison.compared,
            one.comparison.matched,
            tuple(replace(found, case=one.room) for found in one.comparison.differences),
            recordings={"recorded": one.expected, "replayed": one.received},
        )
        for one in comparisons
    ]
    return SuiteOutcome(outcomes, options.rules, time.monotonic() - began)
