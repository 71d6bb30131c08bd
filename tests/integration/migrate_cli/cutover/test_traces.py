"""Traces of events as the property tests of the stage machine draw them, on real services: after
each event each client's room has a path from the publisher, which a message shows."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev_stack.runtime import Runtime
from moving import Audience
from project import SITE, Project, wait_until
from traces import Chooser, Seeded, next_outcome, next_wish
from whole_site import Watched, WholeSite, whole_site
from wsmigrate.cutover_record import state_of_record
from wsmigrate.errors import ExitCode
from wsmigrate.rungs import ladder
from wsmigrate.stages import Event, Interrupted, NotAllowedError, Rollback, State, Switch, step

SCRIPT = Path(__file__).with_name("traced_operator.py")
ROOMS = [f"traced {number}" for number in range(4)]
LADDER = ladder((50, 100))
EXPECTED = {*ExitCode} - {ExitCode.INTERNAL} | {-signal.SIGKILL}
SHORT_SEED = 504
"""With a switch, a rollback whose operator is killed, and a failure of the one who goes on."""


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    with Runtime(lambda _: None) as running:
        yield running


@pytest.fixture
def watched(project: Project, runtime: Runtime, haproxy_program: Path) -> Iterator[Watched]:
    settings = {"LEGACY_WS_PROCESSES": "2"}
    with whole_site(project, runtime, haproxy_program, ROOMS, **settings) as site:
        site.load.start("one")
        with Audience(site.url, ROOMS, 1) as audience:
            audience.wait_until_on("legacy")
            wait_until(lambda: site.load.count("one") > 5 * len(ROOMS))
            yield Watched(site, audience)


def state_of(site: WholeSite) -> State:
    ((record,),) = site.project.execute("SELECT machine FROM wsmigrate_state")
    return state_of_record(record, LADDER)


def words_of(event: Event | None) -> str:
    if isinstance(event, Rollback):
        return f"rollback {event.to.name}"
    if isinstance(event, Switch):
        return f"switch {event.backend.value}"
    return "go on" if event is None else type(event).__name__.lower()


def fate_of(chooser: Chooser) -> str:
    outcome = next_outcome(chooser)
    if outcome != "killed":
        return outcome
    return chooser.one_of(["killed-before", "killed-after"], "when")


def happens(site: WholeSite, words: str, fate: str) -> None:
    ended = subprocess.run(
        [sys.executable, SCRIPT, site.config, words, fate],
        cwd=SITE,
        env=site.project.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ended.returncode in EXPECTED, ended.stderr


def one_event(site: WholeSite, chooser: Chooser) -> str:
    """What happened; nothing, where the state does not allow it."""
    state = state_of(site)
    settled = state if state.doing is None else step(state, Interrupted())[0]
    wish = next_wish(chooser, settled, LADDER)
    fate = fate_of(chooser)
    try:
        following = settled if wish is None else step(settled, wish)[0]
    except NotAllowedError:
        return ""
    if wish is None and following.paused:
        return ""
    happens(site, words_of(wish), fate)
    return f"{settled.where}: {words_of(wish)}, {fate}"


def live_through(watched: Watched, seed: int, events: int) -> None:
    chooser, trace = Seeded(random.Random(seed)), [f"seed {seed}"]
    try:
        while len(trace) <= events:
            if happened := one_event(watched.site, chooser):
                trace.append(happened)
                watched.everybody_gets_what_is_posted(after_s=0)
    finally:
        print("\n".join(trace))
    comes_to_rest(watched.site)
    watched.everybody_gets_what_is_posted(after_s=0)
    watched.nothing_was_lost_while_connected(most_gaps=2 * len(trace))


def comes_to_rest(site: WholeSite) -> None:
    """Whatever happened: an operator who goes on gets there."""
    state = state_of(site)
    if state.paused or not state.is_at_rest:
        site.go("resume")
    assert state_of(site).is_at_rest


def test_a_short_trace(watched: Watched) -> None:
    live_through(watched, seed=SHORT_SEED, events=5)


@pytest.mark.long
@pytest.mark.parametrize("number", range(4))
def test_longer_traces(watched: Watched, number: int) -> None:
    seed = int(os.environ.get("WSMIGRATE_SEED", time.time_ns())) + number
    live_through(watched, seed, events=15)
