"""Who checks the checker: every server that misbehaves is caught, and named as what it does."""

from __future__ import annotations

import pytest
from mutants import MUTANTS
from parity_runs import held
from plain_server import PlainServer, Town

from compat_tests.config import Given
from wsmigrate.errors import ExitCode

CASES = ("one-byte", "json", "interleaved-rooms", "all-equal", "handshake-deflate")
LIMIT_S = 90
BOTH_WAYS = ("reorders two", "drops every 50th", "changes one byte", "empty", "closes early")


@pytest.fixture(scope="module")
def good(town: Town) -> PlainServer:
    return town.add(PlainServer())


def kinds_of(town: Town, legacy: str, channels: str) -> tuple[set[str], ExitCode]:
    given = Given(legacy, channels, publish_http=town.publish_url, patience_s=1.0)
    outcome = held(given, *CASES)
    return {one.kind.value for case in outcome.outcomes for one in case.mismatched}, (
        outcome.exit_code
    )


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_caught_and_named(town, good, name):
    make, kind = MUTANTS[name]
    mutant = town.add(make())
    kinds, code = kinds_of(town, good.url, mutant.url)
    town.remove(mutant)
    assert code is ExitCode.REFUSED
    assert kind in kinds


@pytest.mark.parametrize("name", BOTH_WAYS)
def test_a_mutant_in_the_place_of_the_old_server_is_caught_too(town, good, name):
    make, _ = MUTANTS[name]
    mutant = town.add(make())
    _, code = kinds_of(town, mutant.url, good.url)
    town.remove(mutant)
    assert code is ExitCode.REFUSED


def test_two_copies_of_a_correct_server_never_differ(town, good):
    copy = town.add(PlainServer())
    given = Given(good.url, copy.url, publish_http=town.publish_url)
    for _ in range(2):
        outcome = held(given)
        assert [one.case.name for one in outcome.outcomes if one.mismatched or one.doubts] == []
        assert outcome.exit_code is ExitCode.DONE
    town.remove(copy)


@pytest.mark.parametrize(
    ("legacy", "channels", "code"),
    [
        ("good", "empty", ExitCode.REFUSED),
        ("empty", "empty", ExitCode.COULD_NOT_ACT),
    ],
)
def test_a_whole_run_against_an_empty_server_ends_soon(town, good, legacy, channels, code):
    """Nobody waits in each case anew for what has never come."""
    make, _ = MUTANTS["empty"]
    servers = [good if one == "good" else town.add(make()) for one in (legacy, channels)]
    given = Given(*(one.url for one in servers), publish_http=town.publish_url, patience_s=1.0)
    outcome = held(given)
    assert outcome.exit_code is code
    assert outcome.seconds < LIMIT_S
    assert len(outcome.run) > 60
    for server in servers:
        if server is not good:
            town.remove(server)
