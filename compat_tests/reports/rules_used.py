"""What rules of the user's own did: those that fit nothing, and those that leave nothing."""

from __future__ import annotations

from collections import Counter

from compat_tests.running.outcomes import SuiteOutcome
from wsmigrate.parity.comparison import BLANK
from wsmigrate.parity.own_rules import OwnRule


def own_rules_used(outcome: SuiteOutcome) -> list[tuple[OwnRule, int]]:
    """Each rule with the number of differences that it took part in."""
    used: Counter[str] = Counter()
    for case in outcome.outcomes:
        for one in case.ignored:
            used.update(one.rule.split(", "))
    return [(rule, used[rule.name]) for rule in outcome.own_rules]


def used_text(count: int) -> str:
    """``3 differences``."""
    if not count:
        return "fitted nothing that differed"
    return f"{count} difference" + ("" if count == 1 else "s")


def blank_messages(outcome: SuiteOutcome) -> Counter[str]:
    """By rule, the messages that differ and of which it leaves nothing to compare."""
    return Counter(
        one.rule for case in outcome.outcomes for one in case.ignored if one.detail == BLANK
    )


def blank_text(count: int) -> str:
    """A sentence without its subject, the rule."""
    messages = f"{count} message" + ("" if count == 1 else "s")
    return f"leaves nothing of {messages} to compare, which says nothing of them"
