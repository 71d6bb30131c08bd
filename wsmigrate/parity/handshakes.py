"""Compares two answers to a handshake."""

from __future__ import annotations

from collections.abc import Iterator

from wsmigrate.parity.differences import Difference, Kind
from wsmigrate.parity.recording import Handshake, SocketRecording

_ACCEPT = "sec-websocket-accept"
_HANDSHAKE_SLACK_S = 1.4
"""A handshake asks more of a server than a message (the new one asks the broker), once a socket."""


def handshake_differences(
    expected: SocketRecording, received: SocketRecording, late_after_s: float | None = None
) -> Iterator[Difference]:
    """Status, phrase, and each header by its name; how names are written and in which order the
    headers stand; and with a limit for messages, whether one took seconds longer.

    Sec-WebSocket-Accept depends on the client's random key: what is compared is whether it fits.
    """
    before, after = expected.handshake, received.handshake
    if before is None or after is None:
        if before is not after:
            yield _difference("status", _status(before), _status(after))
        return
    if before.status != after.status:
        yield _difference("status", _status(before), _status(after))
    if before.phrase != after.phrase:
        yield _difference("phrase", before.phrase, after.phrase)
    if before.accepts_key != after.accepts_key:
        yield _difference(f"header:{_ACCEPT}", _fit(before), _fit(after))
    old, new = before.values(), after.values()
    for name in sorted({*old, *new} - {_ACCEPT}):
        if old.get(name) != new.get(name):
            yield _difference(f"header:{name}", _joined(old.get(name)), _joined(new.get(name)))
    yield from _written(before, after)
    if late_after_s is not None:
        yield from _late(before, after, late_after_s + _HANDSHAKE_SLACK_S)


def _written(before: Handshake, after: Handshake) -> Iterator[Difference]:
    """The names of the headers that both have, as they are written, and their order."""
    both = before.values().keys() & after.values().keys()
    names = [[name for name, _ in one.headers if name.lower() in both] for one in (before, after)]
    spelled = [{name.lower(): name for name in one} for one in names]
    for name in sorted(both):
        if spelled[0][name] != spelled[1][name]:
            yield _difference(f"header-name:{name}", spelled[0][name], spelled[1][name])
    orders = [list(dict.fromkeys(name.lower() for name in one)) for one in names]
    if orders[0] != orders[1]:
        yield _difference("header-order", ", ".join(orders[0]), ", ".join(orders[1]))


def _late(before: Handshake, after: Handshake, limit_s: float) -> Iterator[Difference]:
    behind_s = after.took_s - before.took_s
    if abs(behind_s) > limit_s:
        much = f"{abs(behind_s):.2f} s {'more' if behind_s > 0 else 'less'}"
        old, new = (f"after {one.took_s:.2f} s" for one in (before, after))
        detail = f"the answer to the handshake took {much} than the reference's"
        yield Difference(Kind.LATE, "", "", old, new, subject="handshake", detail=detail)


def _difference(subject: str, expected: str | None, received: str | None) -> Difference:
    what = subject.replace("header:", "header ").replace("header-name:", "the name of header ")
    detail = f"{what}: {_shown(expected)} on one side, {_shown(received)} on the other"
    return Difference(Kind.HANDSHAKE, "", "", expected, received, subject=subject, detail=detail)


def _status(handshake: Handshake | None) -> str:
    return "no answer" if handshake is None else str(handshake.status)


def _fit(handshake: Handshake) -> str | None:
    if handshake.accepts_key is None:
        return None
    return "fits the key" if handshake.accepts_key else "does not fit the key"


def _joined(values: tuple[str, ...] | None) -> str | None:
    return None if values is None else ", ".join(values)


def _shown(value: str | None) -> str:
    return "none" if value is None else repr(value)
