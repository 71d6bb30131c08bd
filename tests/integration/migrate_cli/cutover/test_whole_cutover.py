"""A site is taken from ``legacy`` to ``retired`` and back by the commands, on real services and
under load, and every frame of every client is accounted for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pika
import pika.exceptions
import pytest

from dev_stack.runtime import Runtime
from moving import Audience
from project import Project, wait_until
from whole_site import Watched, WholeSite, whole_site

ROOMS = [f"whole {number}" for number in range(6)]
PER_ROOM = 2
RUNGS = [
    *("legacy", "door", "shadow", "canary 50", "canary 100"),
    *("drain", "direct both", "direct channels", "retired"),
]
POSTED_AFTER_S = 5.0


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    with Runtime(lambda _: None) as running:
        yield running


@pytest.fixture
def site(project: Project, runtime: Runtime, haproxy_program: Path) -> Iterator[WholeSite]:
    with whole_site(project, runtime, haproxy_program, ROOMS, LEGACY_WS_PROCESSES="2") as running:
        yield running


@pytest.fixture
def watched(site: WholeSite) -> Iterator[Watched]:
    """Everybody is connected, straight to the old server, and a publisher is at work."""
    site.load.start("one")
    with Audience(site.url, ROOMS, PER_ROOM) as audience:
        audience.wait_until_on("legacy")
        wait_until(lambda: site.load.count("one") > 10 * len(ROOMS))
        yield Watched(site, audience)


def test_all_the_way_up_and_all_the_way_back(site: WholeSite, watched: Watched) -> None:
    said = {}
    for rung in RUNGS[1:]:
        said[rung] = site.go("advance", "--accept-inconclusive", "the test looks itself")
        assert site.rung() == rung, said
    assert switch_took_s(said["direct both"]) < 20  # 2 s: see test_a_switch_reaches_everybody
    watched.audience.wait_until_on("channels")
    watched.everybody_gets_what_is_posted(after_s=0)
    assert not site.bridge_runs
    assert exchanges_left(site.project) == []
    site.rollback("legacy")
    watched.audience.wait_until_on("legacy")
    assert not site.bridge_runs
    watched.everybody_gets_what_is_posted(POSTED_AFTER_S)
    # To the new server and back, and never twice for one of them.
    watched.nothing_was_lost_while_connected(most_gaps=2)


@pytest.mark.long
@pytest.mark.parametrize("top", RUNGS[1:])
def test_back_from_every_rung_to_every_earlier_one(
    site: WholeSite, watched: Watched, top: str
) -> None:
    moves = 0
    for target in reversed(RUNGS[: RUNGS.index(top)]):
        site.reach(top)
        assert site.rollback(target) == target
        watched.everybody_gets_what_is_posted(POSTED_AFTER_S)
        moves += 4  # up by two rungs of the canary at most, and down again
    watched.nothing_was_lost_while_connected(most_gaps=moves)


def switch_took_s(said: str) -> float:
    found = re.search(r"the one live publisher applies .*, after ([0-9.]+) s", said)
    assert found is not None, said
    return float(found[1])


def exchanges_left(project: Project) -> list[str]:
    """Rooms whose exchange is still in the broker."""
    left = []
    connection = pika.BlockingConnection(pika.URLParameters(project.amqp_url))
    try:
        for room in ROOMS:
            channel = connection.channel()
            try:
                channel.exchange_declare(room, passive=True)
            except pika.exceptions.ChannelClosedByBroker:
                continue
            left.append(room)
    finally:
        connection.close()
    return left
