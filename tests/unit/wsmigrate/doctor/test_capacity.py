from __future__ import annotations

from wsmigrate.doctor.capacity import (
    Connections,
    Expected,
    of_connections,
    of_open_files,
    of_sockets,
)
from wsmigrate.doctor.findings import Level

EXPECTED = Expected(sockets=1000, servers=2, bridges=1, publishers=4)


def levels(findings: object) -> list[Level]:
    return [finding.level for finding in findings]  # type: ignore[attr-defined]


def test_connections_are_needed_for_processes_and_not_for_sockets() -> None:
    assert EXPECTED.connections == Expected(50_000, 2, 1, 4).connections == 24


def test_too_few_connections_are_told() -> None:
    assert levels(of_connections(EXPECTED, Connections(97, 73))) == [Level.GOOD]
    assert levels(of_connections(EXPECTED, Connections(97, 74))) == [Level.MEND]


def test_limits_of_role_and_database_count_too() -> None:
    found = list(of_connections(EXPECTED, Connections(97, 0, role=10, database=20)))
    assert levels(found) == [Level.GOOD, Level.MEND, Level.MEND]
    assert "The role may have 10" in found[1].what
    assert "ALTER DATABASE" in found[2].remedy


def test_more_sockets_than_servers_take_are_told() -> None:
    assert levels(of_sockets(EXPECTED, 500)) == [Level.GOOD]
    assert levels(of_sockets(EXPECTED, 499)) == [Level.MEND]


def test_too_few_open_files_are_told() -> None:
    assert levels(of_open_files(EXPECTED, 700)) == [Level.GOOD]
    assert levels(of_open_files(EXPECTED, 699)) == [Level.MEND]
    assert levels(of_open_files(EXPECTED, -1)) == [Level.GOOD]
