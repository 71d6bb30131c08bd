"""``Server`` in the answer to the handshake."""

from __future__ import annotations

from wsmigrate.parity.differences import Difference
from wsmigrate.parity.rules import Rule


def _covers(difference: Difference) -> bool:
    return difference.subject == "header:server"


RULE = Rule(
    "server-header",
    "which program answered is no part of what a client gets",
    _covers,
)
