"""The order in which the headers stand."""

from __future__ import annotations

from wsmigrate.parity.differences import Difference
from wsmigrate.parity.rules import Rule


def _covers(difference: Difference) -> bool:
    return difference.subject == "header-order"


RULE = Rule(
    "header-order",
    "the order of headers of different names means nothing (RFC 9110, 5.3)",
    _covers,
)
