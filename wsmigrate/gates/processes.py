"""The gate ``processes``: every process applies the revision of the state."""

from __future__ import annotations

from wsmigrate.gates.evidence import Evidence, Missing
from wsmigrate.gates.gate import Finding, Gate, not_measured
from wsmigrate.gates.outcomes import Outcome
from wsmigrate.gates.thresholds import Thresholds


def judge_servers(evidence: Evidence, thresholds: Thresholds) -> Finding:
    """Nobody is behind, and the new server lives."""
    return _judge(evidence, thresholds, ("server",))


def judge_all(evidence: Evidence, thresholds: Thresholds) -> Finding:
    """The same, and publishers follow the state."""
    return _judge(evidence, thresholds, ("server", "publisher"))


def _judge(evidence: Evidence, _thresholds: Thresholds, needed: tuple[str, ...]) -> Finding:
    found = evidence.processes
    if isinstance(found, Missing):
        return not_measured(found)
    live = sum(found.live.values())
    figures = {"value": len(found.behind), "limit": 0, "count": live, "least": len(needed)}
    if found.behind:
        names = ", ".join(found.behind[:5]) + (" …" if found.behind[5:] else "")
        why = f"{len(found.behind)} of {live} have not applied revision {found.revision}: {names}."
        return Finding(Outcome.FAIL, why, figures)
    absent = [role for role in needed if not found.live.get(role)]
    if absent:
        why = f"No {absent[0]} that follows the state was heard of in the last seconds."
        return Finding(Outcome.INCONCLUSIVE, why, figures)
    said = ", ".join(f"{count} {role}s" for role, count in sorted(found.live.items()))
    return Finding(Outcome.PASS, f"All apply revision {found.revision}: {said}.", figures)


def _gate(judge: object, passes: str) -> Gate:
    return Gate(
        "processes",
        "live processes of the site that have not applied the revision of the state",
        lambda _it: passes,
        frozenset({"processes"}),
        judge,  # type: ignore[arg-type]
    )


SERVERS = _gate(judge_servers, "none is behind, and at least one new server is live")
ALL = _gate(judge_all, "none is behind, and at least one new server and one publisher are live")
