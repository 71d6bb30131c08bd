"""Pings from the server."""

from __future__ import annotations

from wsmigrate.parity.differences import Difference
from wsmigrate.parity.rules import Rule


def _covers(difference: Difference) -> bool:
    return difference.subject == "ping"


RULE = Rule(
    "server-pings",
    "when a server asks whether its client is alive is its own affair; browsers "
    "answer and tell nobody",
    _covers,
)
