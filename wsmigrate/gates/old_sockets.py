"""The gate ``old-sockets``: nobody is left on the old server."""

from __future__ import annotations

from wsmigrate.gates.evidence import Evidence, Missing
from wsmigrate.gates.gate import Finding, Gate, not_measured
from wsmigrate.gates.outcomes import Outcome, judged
from wsmigrate.gates.thresholds import Thresholds


def judge(evidence: Evidence, thresholds: Thresholds) -> Finding:
    """The greatest of the counts that were had."""
    found = evidence.old_sockets
    if isinstance(found, Missing):
        return not_measured(found)
    if not found.counts:
        return Finding(Outcome.INCONCLUSIVE, "Nobody counts the old server's sockets.")
    counts, limit = found.counts, thresholds.old_sockets
    unknown = [who for who, count in counts.items() if not count >= 0]
    if unknown:
        return Finding(Outcome.INCONCLUSIVE, f"The count by {unknown[0]} could not be had.")
    most = max(counts.values())
    said = ", ".join(f"{count:g} by {who}" for who, count in sorted(counts.items()))
    figures = {"value": most, "limit": limit, "count": len(counts), "least": 1}
    outcome = judged(most, limit, count=len(counts), least=1)
    return Finding(outcome, f"Sockets left: {said}; {limit:g} are allowed.", figures)


GATE = Gate(
    "old-sockets",
    "the old server's sockets that are left, by the front door and by the broker's queues",
    lambda it: f"at most {it.old_sockets:g}",
    frozenset({"old_sockets"}),
    judge,
)
