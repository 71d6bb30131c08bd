"""Large messages from the client."""

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
        and expected.after is received.after is Provocation.OVERSIZED
        and expected.kind is EndKind.CUT
        and received.code in {1009, received.client_code}
    )


RULE = Rule(
    "oversized-inbound",
    "what a client sends is thrown away on both sides; from which size on it is cut "
    "off is each server's own limit",
    _covers,
)
