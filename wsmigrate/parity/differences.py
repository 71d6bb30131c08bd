"""Differences between two servers, each with its kind."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from typing import Union

from wsmigrate.compare import Verdict
from wsmigrate.parity.messages import DataMessage
from wsmigrate.parity.recording import End, Handshake


class Kind(str, enum.Enum):
    """What is different. The first group is about frames."""

    MISSING = "missing"
    EXTRA = "extra"
    REORDERED = "reordered"
    PAYLOAD = "payload"
    OPCODE = "opcode"
    FRAGMENTATION = "fragmentation"
    COMPRESSION = "compression"
    HEADER = "header"  # reserved bits, a mask, a length that is not written in the shortest way
    LATE = "late"
    WRONG_ROOM = "wrong_room"
    EMPTY = "empty"  # nothing came of all that should have

    HANDSHAKE = "handshake"
    CLOSE_CODE = "close_code"
    CONTROL = "control"  # answers to pings
    PAGE = "page"  # what a browser shows

    @property
    def of_frames(self) -> bool:
        """Whether it is about data frames."""
        return self not in {Kind.HANDSHAKE, Kind.CLOSE_CODE, Kind.CONTROL, Kind.PAGE}


Side = Union[DataMessage, End, Handshake, str, None]


@dataclass(frozen=True)
class DifferenceContext:
    """What else a rule may want to know: handshakes and ends of the two clients, what they pinged
    with, and the subjects that differ between two clients of the *same* server."""

    expected_handshake: Handshake | None = None
    received_handshake: Handshake | None = None
    varying: frozenset[str] = frozenset()
    expected_end: End | None = None
    received_end: End | None = None
    pings: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Difference:
    """One difference. ``expected`` is what the reference got (the old server), ``received`` what
    the other one got; None where there was nothing.

    ``index`` is the place in the sequence of the reference's messages, or where that has none, in
    the other one's; None for what is no message. ``subject`` says what of it differs, for rules:
    ``status``, ``phrase``, ``header:<name>``, ``header-name:<name>``, ``header-order``,
    ``handshake``, ``end``, ``ping``, ``pong``, else empty. ``rule`` and ``reason`` are set
    where it is ignored.
    """

    kind: Kind
    room: str
    client: str
    expected: Side = None
    received: Side = None
    index: int | None = None
    received_index: int | None = None
    detail: str = ""
    subject: str = ""
    count: int = 1
    case: str = ""
    verdict: Verdict = Verdict.MISMATCHED
    rule: str = ""
    reason: str = ""
    context: DifferenceContext = field(default_factory=DifferenceContext, repr=False)

    def ignored(self, rule: str, reason: str) -> Difference:
        """The same, ignored by a named rule."""
        return replace(self, verdict=Verdict.IGNORED, rule=rule, reason=reason)

    def at(self, index: int | None, received_index: int | None) -> Difference:
        """The same at other places, as when a part of two sequences was compared."""
        detail = self.detail
        if self.kind is Kind.REORDERED and index is not None and received_index is not None:
            detail = misplaced(index, received_index)
        return replace(self, index=index, received_index=received_index, detail=detail)


def misplaced(index: int, received_index: int) -> str:
    """The detail of a message that came in another place."""
    return f"it came at place {received_index}, and belongs at {index}"
