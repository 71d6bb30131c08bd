"""Compares two answers to a handshake."""

from __future__ import annotations

from collections.abc import Iterator

from wsmigrate.parity.differences import Difference, Kind
from wsmigrate.parity.recording import Handshake, SocketRecording

_ACCEPT = "sec-websocket-accept"


def handshake_differences(
    expected: SocketRecording, received: SocketRecording
) -> Iterator[Difference]:
    """Status, phrase, and each header by its name. Sec-WebSocket-Accept depends on the client's
    random key: what is compared is whether it fits."""
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


def _difference(subject: str, expected: str | None, received: str | None) -> Difference:
    what = subject.replace("header:", "header ")
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
