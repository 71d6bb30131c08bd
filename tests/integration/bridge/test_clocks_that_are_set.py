"""The database's clock decides over leases, and clocks are set."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from bridge.layer_log import CURSOR
from project import Project, wait_until
from wsmigrate.topology import inbox_names

LEASE_S = 8.0


class Sharer:
    """What a bridge is to the others: a session that holds a lock, and its heartbeats."""

    def __init__(self, dsn: str, name: str) -> None:
        self._name = name
        self._session = psycopg.connect(dsn, autocommit=True)
        self._session.execute(
            "SELECT pg_try_advisory_lock(hashtextextended('wsmigrate_bridge ' || %s, 0))", (name,)
        )
        self._held: list[str] = []

    def beat(self) -> int:
        """A heartbeat; how many inboxes it holds then."""
        row = self._session.execute(
            "SELECT held, share FROM wsmigrate_share_out("
            "%s, %s::text[], %s::text[], %s, 1, true, '', 1, '{}')",
            (self._name, list(inbox_names(8)), self._held, LEASE_S),
        ).fetchone()
        assert row is not None
        held, share = row
        self._held = sorted(held)[:share]  # the others it gives back with the next one
        return len(held)

    def end(self) -> None:
        """Its session is over, as of one that is killed."""
        self._session.close()


@pytest.fixture
def two(project: Project) -> Iterator[tuple[Sharer, Sharer]]:
    """Two of them, who have shared the inboxes out."""
    one, other = Sharer(project.postgres_dsn, "one"), Sharer(project.postgres_dsn, "other")
    for bridge in (one, other, one, other):
        bridge.beat()
    assert (one.beat(), other.beat()) == (4, 4)
    yield one, other
    one.end()
    other.end()


def set_back(project: Project, hours: int) -> None:
    """What was written so far now lies so many hours ahead."""
    with psycopg.connect(project.postgres_dsn) as connection:
        for statement in (
            "UPDATE wsmigrate_lease SET expires_at = expires_at + make_interval(hours => %s)",
            "UPDATE wsmigrate_bridge SET seen_at = seen_at + make_interval(hours => %s)",
        ):
            connection.execute(statement, (hours,))


def test_after_a_clock_was_set_back_a_killed_bridge_does_not_hold_its_inboxes_for_hours(
    project: Project, two: tuple[Sharer, Sharer]
) -> None:
    killed, other = two
    killed.end()
    set_back(project, 2)
    assert other.beat() == 8


def test_after_a_clock_was_set_back_a_frozen_bridge_does_not_hold_its_inboxes_for_hours(
    project: Project, two: tuple[Sharer, Sharer]
) -> None:
    _frozen, other = two
    set_back(project, 2)
    assert other.beat() == 8


def test_after_a_clock_was_set_back_live_bridges_go_on_sharing(
    project: Project, two: tuple[Sharer, Sharer]
) -> None:
    set_back(project, 2)
    for bridge in (*two, *two):
        bridge.beat()
    assert [bridge.beat() for bridge in two] == [4, 4]


def test_after_a_clock_was_set_back_the_reverse_relays_lease_is_not_held_for_hours(
    project: Project,
) -> None:
    with psycopg.connect(project.postgres_dsn) as connection:
        connection.execute(
            "INSERT INTO wsmigrate_lease (inbox, holder, fence, expires_at)"
            " VALUES (%s, 'killed', 1, clock_timestamp() + interval '2 hours')",
            (CURSOR,),
        )
    project.start("-m", "migrate_cli", "bridge", "reverse", log="reverse")
    log = project.log("reverse")
    wait_until(lambda: "Relaying from the layer" in log(), log)
