"""The gate ``copies``: in ``both``, each message comes by both ways, and is the same."""

from __future__ import annotations

from wsmigrate.gates.evidence import Evidence, Missing
from wsmigrate.gates.gate import Finding, Gate, listed, not_measured, of_count
from wsmigrate.gates.thresholds import Thresholds

_GOOD = ("rabbitmq-first", "channels-first")


def judge(evidence: Evidence, thresholds: Thresholds) -> Finding:
    """Copies that differ or stay alone, of those that were paired."""
    found = evidence.copies
    if isinstance(found, Missing):
        return not_measured(found)
    wrong = {reason: count for reason, count in found.found.items() if reason not in _GOOD}
    wrong.update(found.one_sided)
    paired = sum(found.found.get(reason, 0) for reason in _GOOD)
    bad = sum(wrong.values())
    return of_count(
        bad,
        thresholds.copies_wrong,
        paired,
        thresholds.least_copies,
        f"wrong ({listed(wrong)})" if bad else "wrong",
        of_what="copies compared",
    )


GATE = Gate(
    "copies",
    "what is published to both: whether each message came by both ways, with the same bytes",
    lambda it: f"at most {it.copies_wrong:g} wrong, of at least {it.least_copies:g} compared",
    frozenset({"copies"}),
    judge,
)
