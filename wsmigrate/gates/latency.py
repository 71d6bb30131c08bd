"""The gate ``latency``: the new server is about as fast as the old one."""

from __future__ import annotations

import math
from collections.abc import Sequence

from wsmigrate.gates.evidence import Evidence, Missing
from wsmigrate.gates.gate import Finding, Gate, not_measured
from wsmigrate.gates.outcomes import Outcome, judged
from wsmigrate.gates.thresholds import Thresholds


def judge(evidence: Evidence, thresholds: Thresholds) -> Finding:
    """The p99 of both, of the same messages in the same window."""
    found = evidence.latencies
    if isinstance(found, Missing):
        return not_measured(found)
    old, new = percentile(found.old_s, 0.99), percentile(found.new_s, 0.99)
    least, count = thresholds.least_latencies, min(len(found.old_s), len(found.new_s))
    figures = {"value": new, "old": old, "count": count, "least": least}
    if old is None or new is None or count < least:
        why = f"{count} messages came on both sides, and at least {least:g} are needed."
        return Finding(Outcome.INCONCLUSIVE, why, figures)
    limit = thresholds.latency_factor * old + thresholds.latency_slack_s
    outcome = judged(new, limit, count=count, least=least) if old >= 0 else Outcome.INCONCLUSIVE
    side = "the old side, heard at the broker," if found.by_queue else "the old server"
    why = (
        f"p99 {1000 * new:.0f} ms; {side} {1000 * old:.0f} ms, so {1000 * limit:.0f} ms are "
        f"allowed ({count} messages)."
    )
    return Finding(outcome, why, {**figures, "limit": limit})


def percentile(values: Sequence[float], share: float) -> float | None:
    """The value that this share of the values does not exceed; None without values, or with one
    that is not a number."""
    if not values or any(math.isnan(value) for value in values):
        return None
    return sorted(values)[min(len(values) - 1, math.ceil(share * len(values)) - 1)]


GATE = Gate(
    "latency",
    "how long messages take to the clients of the new server (p99), against the old side",
    lambda it: (
        f"at most {it.latency_factor:g} times the old p99 plus {1000 * it.latency_slack_s:g} ms, "
        f"of at least {it.least_latencies:g} messages"
    ),
    frozenset({"latencies"}),
    judge,
)
