"""The end of the server itself."""

from __future__ import annotations

from wsmigrate.parity.differences import Difference
from wsmigrate.parity.recording import End, EndKind, Provocation
from wsmigrate.parity.rules import Rule


def _covers(difference: Difference) -> bool:
    expected, received = difference.expected, difference.received
    return (
        isinstance(expected, End)
        and isinstance(received, End)
        and expected.after is received.after is Provocation.NOTHING
        and expected.kind is EndKind.CUT
        and received.kind is EndKind.CLOSED
        and received.code == 1012
    )


RULE = Rule(
    "server-end",
    "a server that ends cuts its sockets on the old side, and closes them with 1012 "
    "on the new one; pages reconnect after both",
    _covers,
)
