"""Headers of a refusal."""

from __future__ import annotations

from wsmigrate.parity.differences import Difference, Kind
from wsmigrate.parity.rules import Rule


def _covers(difference: Difference) -> bool:
    before = difference.context.expected_handshake
    after = difference.context.received_handshake
    return (
        difference.kind is Kind.HANDSHAKE
        and difference.subject != "status"
        and before is not None
        and after is not None
        and not before.is_open
        and before.status == after.status
    )


RULE = Rule(
    "refusal-details",
    "both refuse with the same status; the rest is read by no WebSocket client, and "
    "browsers show none of it",
    _covers,
)
