"""Upper and lower case in the names of headers."""

from __future__ import annotations

from wsmigrate.parity.differences import Difference
from wsmigrate.parity.rules import Rule


def _covers(difference: Difference) -> bool:
    return difference.subject.startswith("header-name:")


RULE = Rule(
    "header-names",
    "the names of headers are compared without regard to case (RFC 9110, 5.1)",
    _covers,
)
