"""``Date`` in the answer to the handshake."""

from __future__ import annotations

from wsmigrate.parity.differences import Difference
from wsmigrate.parity.rules import Rule


def _covers(difference: Difference) -> bool:
    return difference.subject == "header:date"


RULE = Rule(
    "date-header",
    "the time of the answer is no part of what a client gets, and uWSGI says none",
    _covers,
)
