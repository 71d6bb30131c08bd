"""The order of messages that were published at the same time by several publishers."""

from __future__ import annotations

from wsmigrate.parity.differences import Difference, Kind
from wsmigrate.parity.rules import Rule

BETWEEN_PUBLISHERS = "between-publishers"
"""The subject of a difference in order that is none within the messages of one publisher."""


def _covers(difference: Difference) -> bool:
    return difference.kind is Kind.REORDERED and difference.subject == BETWEEN_PUBLISHERS


RULE = Rule(
    "order-between-publishers",
    "RabbitMQ keeps the order of each publisher; how two of them interleave it promises nobody",
    _covers,
)
