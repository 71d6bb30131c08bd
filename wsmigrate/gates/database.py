"""The gates ``database-connections`` and ``table-size``: PostgreSQL bears it."""

from __future__ import annotations

from wsmigrate.gates.evidence import Evidence, Missing
from wsmigrate.gates.gate import Finding, Gate, not_measured
from wsmigrate.gates.outcomes import judged
from wsmigrate.gates.thresholds import Thresholds

_MIB = 1 << 20


def judge_connections(evidence: Evidence, thresholds: Thresholds) -> Finding:
    """The share of its connections that are taken."""
    found = evidence.database
    if isinstance(found, Missing):
        return not_measured(found)
    share = found.connections / found.max_connections if found.max_connections > 0 else None
    limit = thresholds.connection_share
    outcome = judged(share, limit, count=found.max_connections, least=1)
    shown = "not known" if share is None else f"{100 * share:.3g} %"
    why = (
        f"{found.connections:g} of {found.max_connections:g} connections are taken: {shown}, and "
        f"{100 * limit:g} % are allowed."
    )
    figures = {"value": share, "limit": limit, "count": found.max_connections, "least": 1}
    return Finding(outcome, why, figures)


def judge_tables(evidence: Evidence, thresholds: Thresholds) -> Finding:
    """The bytes of wsmigrate's tables."""
    found = evidence.database
    if isinstance(found, Missing):
        return not_measured(found)
    limit = thresholds.table_bytes
    # There is no database without tables: 0 bytes are no answer.
    outcome = judged(found.table_bytes, limit, count=found.table_bytes, least=1)
    why = f"The tables have {found.table_bytes / _MIB:.1f} MiB, of {limit / _MIB:g} MiB allowed."
    return Finding(outcome, why, {"value": found.table_bytes, "limit": limit})


CONNECTIONS = Gate(
    "database-connections",
    "the connections of PostgreSQL that are taken, of those that are not reserved",
    lambda it: f"at most {100 * it.connection_share:g} %",
    frozenset({"database"}),
    judge_connections,
)
TABLES = Gate(
    "table-size",
    "the size of wsmigrate's tables with their indices",
    lambda it: f"at most {it.table_bytes / _MIB:g} MiB",
    frozenset({"database"}),
    judge_tables,
)
