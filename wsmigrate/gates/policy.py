"""The gate ``policy``: who would be refused, were the policy enforced."""

from __future__ import annotations

from wsmigrate.gates.connects import OF_THE_SERVER
from wsmigrate.gates.evidence import Evidence, Missing
from wsmigrate.gates.gate import Finding, Gate, listed, not_measured, of_share
from wsmigrate.gates.thresholds import Thresholds


def judge(evidence: Evidence, thresholds: Thresholds) -> Finding:
    """Clients of the site that the policy objects to. The synthetic rooms' say nothing of them."""
    found = evidence.server
    if isinstance(found, Missing):
        return not_measured(found)
    refused = {
        reason: count
        for reason, count in found.refused.items()
        if not reason.startswith(OF_THE_SERVER)
    }
    objected = {**found.would_refuse}
    for reason, count in refused.items():
        objected[reason] = objected.get(reason, 0) + count
    clients = found.opened - found.opened_by_probe + sum(refused.values())
    bad = sum(objected.values())
    return of_share(
        bad,
        clients,
        thresholds.policy_share,
        thresholds.least_clients,
        f"refused, or let in by report-only alone ({listed(objected)})" if bad else "refused",
        of_what="clients of the site",
    )


GATE = Gate(
    "policy",
    "clients that the policy refuses, or would refuse (mode report-only)",
    lambda it: f"at most {100 * it.policy_share:g} %, of at least {it.least_clients:g} clients",
    frozenset({"server"}),
    judge,
)
