"""The words beside the status."""

from __future__ import annotations

from wsmigrate.parity.differences import Difference
from wsmigrate.parity.rules import Rule


def _covers(difference: Difference) -> bool:
    return difference.subject == "phrase"


RULE = Rule(
    "reason-phrase",
    "HTTP clients are told to disregard the phrase beside the status (RFC 9112, 4)",
    _covers,
)
