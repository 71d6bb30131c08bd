"""The answer to a client that breaks the protocol."""

from __future__ import annotations

from wsmigrate.parity.differences import Difference
from wsmigrate.parity.recording import EndKind, Provocation
from wsmigrate.parity.rules import Rule


def _covers(difference: Difference) -> bool:
    expected, received = difference.context.expected_end, difference.context.received_end
    return (
        difference.subject in {"end", "pong"}
        and expected is not None
        and received is not None
        and expected.after is received.after is Provocation.VIOLATION
        and (expected.kind is not EndKind.CLOSED or expected.code == 1005)
        and (received.kind is EndKind.CUT or received.code in {1002, 1007})
    )


RULE = Rule(
    "protocol-error",
    "a client that breaks the protocol is put up with by uWSGI, and closed with 1002 "
    "or 1007 as RFC 6455 asks by others",
    _covers,
)
