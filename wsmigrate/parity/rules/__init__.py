"""The differences that are ignored, each by a named rule with a reason; one file a rule.

No rule of these touches a payload: a message that both servers sent is compared to the last byte.
What is volatile in the messages of a site is for its own rules (wsmigrate.parity.own_rules).
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Callable

from wsmigrate.parity.differences import Difference


@dataclass(frozen=True)
class Rule:
    """A difference that is ignored. ``reason`` is one sentence for reports; ``covers`` decides."""

    name: str
    reason: str
    covers: Callable[[Difference], bool] = field(repr=False)


def built_in_rules() -> tuple[Rule, ...]:
    """All rules of this package, by name. Each module has one, as ``RULE``."""
    found = [
        importlib.import_module(f"{__name__}.{module.name}").RULE
        for module in pkgutil.iter_modules(__path__)
    ]
    return tuple(sorted(found, key=lambda rule: rule.name))


def judged(difference: Difference, rules: Iterable[Rule]) -> Difference:
    """The difference, ignored if a rule covers it."""
    for rule in rules:
        if rule.covers(difference):
            return difference.ignored(rule.name, rule.reason)
    return difference
