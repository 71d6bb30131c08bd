"""What came late once, and in time when the case was run again."""

from __future__ import annotations

from wsmigrate.parity.differences import Difference, Kind
from wsmigrate.parity.rules import Rule

NOT_AGAIN = "not-again"
"""The subject of a late message of a case that was not late when it was run again."""


def _covers(difference: Difference) -> bool:
    return difference.kind is Kind.LATE and difference.subject == NOT_AGAIN


RULE = Rule(
    "late-once",
    "run again the case was in time: the machine was busy, not the server late",
    _covers,
)
