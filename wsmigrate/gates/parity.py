"""The gate ``parity``: both servers send the same."""

from __future__ import annotations

from wsmigrate.gates.evidence import Evidence, Missing
from wsmigrate.gates.gate import Finding, Gate, not_measured, of_count
from wsmigrate.gates.thresholds import Thresholds


def judge(evidence: Evidence, thresholds: Thresholds) -> Finding:
    """Frames that differ, of those that were compared."""
    found = evidence.parity
    if isinstance(found, Missing):
        return not_measured(found)
    rooms = f"frames compared ({found.rooms} rooms of the site, and the synthetic ones)"
    return of_count(
        found.mismatched + found.gone,
        thresholds.mismatched,
        found.compared,
        thresholds.least_frames,
        "mismatched, or sockets lost," if found.gone else "mismatched",
        of_what=rooms,
    )


GATE = Gate(
    "parity",
    "the frames of the new server, compared with the old side's on live rooms",
    lambda it: f"at most {it.mismatched:g} mismatched, of at least {it.least_frames:g} compared",
    frozenset({"parity"}),
    judge,
)
