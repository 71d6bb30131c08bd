"""The gate ``retention``: the inboxes keep messages for much longer than relaying takes."""

from __future__ import annotations

from wsmigrate.gates.evidence import Evidence, InboxKept, Missing
from wsmigrate.gates.gate import Finding, Gate, not_measured
from wsmigrate.gates.outcomes import Outcome, judged
from wsmigrate.gates.thresholds import Thresholds


def judge(evidence: Evidence, thresholds: Thresholds) -> Finding:
    """How much of what an inbox keeps is used up, in the worst one."""
    found = evidence.retention
    if isinstance(found, Missing):
        return not_measured(found)
    limit, count = thresholds.retention_share, len(found.inboxes)
    if found.lost > 0:
        why = f"{found.lost:g} messages, at most, were dropped before they were relayed."
        return Finding(Outcome.FAIL, why, {"value": found.lost, "limit": 0, "count": count})
    if not found.inboxes:
        return Finding(Outcome.INCONCLUSIVE, "There is no inbox.", {"count": 0, "least": 1})
    shares = {kept.inbox: used_share(kept) for kept in found.inboxes}
    unknown = [inbox for inbox, share in shares.items() if not share >= 0]
    if unknown:
        return Finding(Outcome.INCONCLUSIVE, f"What {unknown[0]} keeps could not be told.")
    worst = max(shares, key=lambda inbox: shares[inbox])
    figures = {"value": shares[worst], "limit": limit, "count": count, "least": 1}
    used = f"{100 * shares[worst]:.3g} % of what {worst} keeps is not relayed"
    why = f"{used}, the most of {count} inboxes; {100 * limit:g} % are allowed."
    return Finding(judged(shares[worst], limit, count=count, least=1), why, figures)


def used_share(kept: InboxKept) -> float:
    """Of its time; and of its room, once it is so full that it drops what is old. Not a number
    where one of the two is none."""
    by_age = kept.behind_s / kept.max_age_s if kept.max_age_s > 0 else float("nan")
    by_room = kept.behind / kept.kept if kept.dropped and kept.kept > 0 else 0.0
    known = by_age >= 0 and by_room >= 0
    return max(by_age, by_room) if known else float("nan")


GATE = Gate(
    "retention",
    "how near the inboxes are to dropping messages that were not relayed",
    lambda it: f"nothing lost, and at most {100 * it.retention_share:g} % of each inbox waiting",
    frozenset({"retention"}),
    judge,
)
