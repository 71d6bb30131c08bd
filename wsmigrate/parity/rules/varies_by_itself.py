"""Headers that differ between two clients of the same server."""

from __future__ import annotations

from wsmigrate.parity.differences import Difference, Kind
from wsmigrate.parity.rules import Rule


def _covers(difference: Difference) -> bool:
    return (
        difference.kind is Kind.HANDSHAKE
        and difference.subject in difference.context.varying
        and difference.expected is not None
        and difference.received is not None
    )


RULE = Rule(
    "varies-by-itself",
    "the header has another value for each client of one and the same server",
    _covers,
)
