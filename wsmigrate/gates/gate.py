"""What a gate is, and how figures are put into a finding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Callable

from wsmigrate.gates.evidence import Evidence, Missing
from wsmigrate.gates.outcomes import Figure, GateResult, Outcome, judged
from wsmigrate.gates.thresholds import Thresholds


@dataclass(frozen=True)
class Finding:
    """What a gate comes to; see GateResult."""

    outcome: Outcome
    why: str
    figures: Mapping[str, Figure] = field(default_factory=dict)


@dataclass(frozen=True)
class Gate:
    """A built-in gate. ``measures`` says what it looks at, ``passes`` when it lets a step pass, in
    a phrase with the thresholds that are in force. ``needs`` are the parts of the evidence."""

    name: str
    measures: str
    passes: Callable[[Thresholds], str]
    needs: frozenset[str]
    judge: Callable[[Evidence, Thresholds], Finding]

    def ask(self, evidence: Evidence, thresholds: Thresholds) -> GateResult:
        """Judge the evidence."""
        found = self.judge(evidence, thresholds)
        return GateResult(self.name, found.outcome, found.why, found.figures)


def not_measured(missing: Missing) -> Finding:
    """INCONCLUSIVE, for the reason why there is no figure."""
    return Finding(Outcome.INCONCLUSIVE, missing.why)


def of_share(
    bad: float, count: float, limit: float, least: float, what: str, *, of_what: str
) -> Finding:
    """How large a share of ``count`` observations is bad."""
    share = bad / count if count > 0 else None
    figures = {"value": share, "limit": limit, "count": count, "least": least}
    outcome = judged(share, limit, count=count, least=least)
    if outcome is Outcome.INCONCLUSIVE:
        why = f"{count:g} {of_what} in the window, and at least {least:g} are needed."
        return Finding(outcome, why, figures)
    shown = f"{bad:g} {what} of {count:g} {of_what}"
    why = f"{shown}: {100 * bad / count:.3g} %, and {100 * limit:g} % are allowed."
    return Finding(outcome, why, figures)


def of_count(
    bad: float, limit: float, count: float, least: float, what: str, *, of_what: str
) -> Finding:
    """How many are bad. More than the limit are too many however few were seen in all."""
    figures = {"value": bad, "limit": limit, "count": count, "least": least}
    if bad > limit:
        why = f"{bad:g} {what} of {count:g} {of_what}, and {limit:g} are allowed."
        return Finding(Outcome.FAIL, why, figures)
    outcome = judged(bad, limit, count=count, least=least)
    if outcome is Outcome.INCONCLUSIVE:
        why = f"{count:g} {of_what} in the window, and at least {least:g} are needed."
        return Finding(outcome, why, figures)
    return Finding(outcome, f"{bad:g} {what} of {count:g} {of_what}.", figures)


def listed(counts: Mapping[str, float]) -> str:
    """Counts by reason, the most frequent first, without those that are 0."""
    found = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count:g} {reason}" for reason, count in found if count) or "none"
