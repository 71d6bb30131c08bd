"""The gate ``connects``: the new server takes the clients that come."""

from __future__ import annotations

from wsmigrate.gates.evidence import Evidence, Missing
from wsmigrate.gates.gate import Finding, Gate, not_measured, of_share
from wsmigrate.gates.thresholds import Thresholds

OF_THE_SERVER = ("broker", "layer", "server", "draining", "too-many", "new-rooms")
"""Reasons (or how they begin) that lie with the server. A client that may not in is the policy's
matter."""


def judge(evidence: Evidence, thresholds: Thresholds) -> Finding:
    """Handshakes that the server could not take, of all that it took or could not."""
    found = evidence.server
    if isinstance(found, Missing):
        return not_measured(found)
    failed = sum(count for why, count in found.refused.items() if why.startswith(OF_THE_SERVER))
    probe = evidence.probe
    if not isinstance(probe, Missing):
        failed = max(failed, probe.failed)  # one that nobody answered is counted by no server
    return of_share(
        failed,
        found.opened + failed,
        thresholds.refused_share,
        thresholds.least_connects,
        "failed",
        of_what="handshakes",
    )


GATE = Gate(
    "connects",
    "handshakes that the new server could not take (its broker, its layer, its limits)",
    lambda it: f"at most {100 * it.refused_share:g} %, of at least {it.least_connects:g}",
    frozenset({"server", "probe"}),
    judge,
)
