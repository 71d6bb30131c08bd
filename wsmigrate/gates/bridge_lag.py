"""The gate ``bridge-lag``: every inbox is relayed, and soon."""

from __future__ import annotations

from wsmigrate.gates.evidence import Evidence, Missing
from wsmigrate.gates.gate import Finding, Gate, not_measured
from wsmigrate.gates.outcomes import Outcome, judged
from wsmigrate.gates.thresholds import Thresholds


def judge(evidence: Evidence, thresholds: Thresholds) -> Finding:
    """The greatest lag, while messages were relayed."""
    found = evidence.relay
    if isinstance(found, Missing):
        return not_measured(found)
    if found.unrelayed:
        return Finding(
            Outcome.FAIL,
            f"{len(found.unrelayed)} of {found.inboxes} inboxes are relayed by nobody: "
            f"{', '.join(found.unrelayed[:3])}{' …' if found.unrelayed[3:] else ''}.",
            {"value": len(found.unrelayed), "limit": 0, "count": found.inboxes},
        )
    least = thresholds.least_relayed
    outcome = judged(found.lag_s, thresholds.lag_s, count=found.relayed, least=least)
    if found.lag_s > thresholds.lag_s:
        outcome = Outcome.FAIL  # what waits is seen, though nothing comes through
    relayed = f"{found.relayed:g} messages were relayed"
    why = f"The lag was up to {found.lag_s:.1f} s, of {thresholds.lag_s:g} s allowed; {relayed}."
    if outcome is Outcome.INCONCLUSIVE:
        why = f"{relayed} in the window, and at least {least:g} are needed."
    figures = {"value": found.lag_s, "limit": thresholds.lag_s, "count": found.relayed}
    return Finding(outcome, why, {**figures, "least": least})


GATE = Gate(
    "bridge-lag",
    "whether each inbox has a live bridge, and how old what waits in it gets",
    lambda it: f"every inbox relayed, at most {it.lag_s:g} s behind, {it.least_relayed:g} messages",
    frozenset({"relay"}),
    judge,
)
