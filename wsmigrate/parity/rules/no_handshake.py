"""Requests that are no WebSocket handshake."""

from __future__ import annotations

from wsmigrate.parity.differences import Difference, Kind
from wsmigrate.parity.rules import Rule


def _covers(difference: Difference) -> bool:
    before = difference.context.expected_handshake
    after = difference.context.received_handshake
    return (
        difference.kind is Kind.HANDSHAKE
        and before is not None
        and after is not None
        and not before.is_websocket_request
        and 400 <= before.status < 500
        and 400 <= after.status < 500
    )


RULE = Rule(
    "no-handshake",
    "what is no handshake of version 13 goes to whoever answers HTTP there: any refusal will do",
    _covers,
)
