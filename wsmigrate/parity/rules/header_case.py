"""Upper and lower case in the answer to the handshake."""

from __future__ import annotations

from wsmigrate.parity.differences import Difference
from wsmigrate.parity.rules import Rule


def _covers(difference: Difference) -> bool:
    expected, received = difference.expected, difference.received
    return (
        difference.subject in {"header:upgrade", "header:connection"}
        and isinstance(expected, str)
        and isinstance(received, str)
        and expected.lower() == received.lower()
    )


RULE = Rule(
    "header-case",
    "Upgrade and Connection are compared without regard to case (RFC 6455, 4.1)",
    _covers,
)
