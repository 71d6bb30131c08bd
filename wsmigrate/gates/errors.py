"""The gate ``errors``: nothing breaks on the way to the new server or in it."""

from __future__ import annotations

from wsmigrate.gates.evidence import Evidence, Missing
from wsmigrate.gates.gate import Finding, Gate, not_measured, of_share
from wsmigrate.gates.thresholds import Thresholds

_FAULTS = ("internal-error",)


def judge(evidence: Evidence, thresholds: Thresholds) -> Finding:
    """Faults of the server and errors at the front door, of the sockets that were opened."""
    found, door = evidence.server, evidence.door
    if isinstance(found, Missing):
        return not_measured(found)
    faults = sum(found.closed.get(reason, 0) for reason in _FAULTS)
    connects = found.opened
    if not isinstance(door, Missing):
        faults += door.errors
        connects = max(connects, door.connects)
    return of_share(
        faults,
        connects,
        thresholds.error_share,
        thresholds.least_connects,
        "errors",
        of_what="connects",
    )


GATE = Gate(
    "errors",
    "5xx and failed connections to the new server at the front door, and sockets that it closed "
    "with 1011",
    lambda it: f"at most {100 * it.error_share:g} %, of at least {it.least_connects:g} connects",
    frozenset({"server", "door"}),
    judge,
)
