"""The choice among several subprotocols."""

from __future__ import annotations

from wsmigrate.parity.differences import Difference
from wsmigrate.parity.rules import Rule


def _covers(difference: Difference) -> bool:
    before = difference.context.expected_handshake
    expected, received = difference.expected, difference.received
    return (
        difference.subject == "header:sec-websocket-protocol"
        and before is not None
        and before.offered_subprotocols > 1
        and isinstance(expected, str)
        and isinstance(received, str)
        and received in [one.strip() for one in expected.split(",")]
    )


RULE = Rule(
    "several-subprotocols",
    "uWSGI sends back all subprotocols that were offered, which browsers refuse; one "
    "is right (RFC 6455, 4.2.2)",
    _covers,
)
