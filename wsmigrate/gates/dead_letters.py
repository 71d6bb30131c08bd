"""The gate ``dead-letters``: everything could be relayed."""

from __future__ import annotations

from wsmigrate.gates.evidence import Evidence, Missing
from wsmigrate.gates.gate import Finding, Gate, listed, not_measured
from wsmigrate.gates.outcomes import Outcome, judged
from wsmigrate.gates.thresholds import Thresholds


def judge(evidence: Evidence, thresholds: Thresholds) -> Finding:
    """Letters that wait, and as proof that messages came at all, what was relayed."""
    letters, relay = evidence.dead_letters, evidence.relay
    if isinstance(letters, Missing):
        return not_measured(letters)
    relayed = 0.0 if isinstance(relay, Missing) else relay.relayed
    least, limit = thresholds.least_relayed, thresholds.dead_letters
    figures = {"value": letters.total, "limit": limit, "count": relayed, "least": least}
    if letters.total > limit:
        why = f"{letters.total} wait ({listed(letters.waiting)}), and {limit:g} are allowed."
        return Finding(Outcome.FAIL, why, figures)
    outcome = judged(letters.total, limit, count=relayed, least=least)
    why = f"{letters.total} wait; {relayed:g} messages were relayed"
    if outcome is Outcome.INCONCLUSIVE:
        why += f" in the window, and at least {least:g} are needed to tell"
    return Finding(outcome, f"{why}.", figures)


GATE = Gate(
    "dead-letters",
    "messages that could not be relayed, and wait for somebody to look at them",
    lambda it: f"at most {it.dead_letters:g} wait, and {it.least_relayed:g} messages were relayed",
    frozenset({"dead_letters", "relay"}),
    judge,
)
