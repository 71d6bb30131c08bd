"""The gate ``drops``: the new server throws out neither clients nor messages."""

from __future__ import annotations

from wsmigrate.gates.evidence import Evidence, Missing
from wsmigrate.gates.gate import Finding, Gate, listed, not_measured, of_share
from wsmigrate.gates.outcomes import Outcome
from wsmigrate.gates.thresholds import Thresholds

_DROPS = ("service-restart", "try-again-later")
"""1012: messages may have been missed, or the process ends. 1013: a client that was too slow."""


def judge(evidence: Evidence, thresholds: Thresholds) -> Finding:
    """Sockets that the server closed, of those that it had; and messages that it gave up."""
    found = evidence.server
    if isinstance(found, Missing):
        return not_measured(found)
    given_up = sum(found.given_up.values())
    if given_up > 0:
        why = f"{given_up:g} messages waited for too long: {listed(found.given_up)}."
        return Finding(Outcome.FAIL, why, {"value": given_up, "limit": 0})
    closed = {reason: found.closed.get(reason, 0.0) for reason in _DROPS}
    dropped = sum(closed.values())
    return of_share(
        dropped,
        max(found.sockets + dropped, found.opened),
        thresholds.drop_share,
        thresholds.least_connects,
        f"closed by the server ({listed(closed)})" if dropped else "closed by the server",
        of_what="sockets",
    )


GATE = Gate(
    "drops",
    "sockets that the new server closed with 1012 or 1013, and messages that waited for too long",
    lambda it: f"at most {100 * it.drop_share:g} %, of at least {it.least_connects:g} sockets",
    frozenset({"server"}),
    judge,
)
