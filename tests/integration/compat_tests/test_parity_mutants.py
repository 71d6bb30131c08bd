"""Who checks the checker: every server that misbehaves is caught, and named as what it does."""

from __future__ import annotations

import pytest
from mutants import MUTANTS, all_late
from parity_runs import held, held_at_once
from plain_server import PlainServer, Town

from compat_tests.config import Given
from compat_tests.running.outcomes import SuiteOutcome
from wsmigrate.errors import ExitCode

CASES = ("one-byte", "json", "interleaved-rooms", "all-equal", "handshake-deflate")
LIMIT_S = 90
BOTH_WAYS = ("reorders two", "drops every 50th", "changes one byte", "empty", "closes early")


COPIES = 12
AT_ONCE = 6


@pytest.fixture(scope="module")
def good(town: Town) -> PlainServer:
    return town.add(PlainServer())


@pytest.fixture(scope="module")
def outcomes(town: Town, good: PlainServer) -> dict[str, SuiteOutcome]:
    """Runs of some cases, by name, several at a time: they wait for the most part."""
    mutants = {name: town.add(make()) for name, (make, _) in MUTANTS.items()}
    copy = town.add(PlainServer())
    pairs = {f"new: {name}": (good.url, mutants[name].url) for name in MUTANTS}
    pairs |= {f"old: {name}": (mutants[name].url, good.url) for name in BOTH_WAYS}
    pairs |= {f"copy {number}": (good.url, copy.url) for number in range(COPIES)}
    given = {
        name: Given(*urls, publish_http=town.publish_url, patience_s=1.0)
        for name, urls in pairs.items()
    }
    found = held_at_once(given, CASES, AT_ONCE)
    for server in (*mutants.values(), copy):
        town.remove(server)
    return found


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_caught_and_named(outcomes, name):
    outcome = outcomes[f"new: {name}"]
    kinds = {one.kind.value for case in outcome.outcomes for one in case.mismatched}
    assert outcome.exit_code is ExitCode.REFUSED
    assert MUTANTS[name][1] in kinds


@pytest.mark.parametrize("name", BOTH_WAYS)
def test_a_mutant_in_the_place_of_the_old_server_is_caught_too(outcomes, name):
    assert outcomes[f"old: {name}"].exit_code is ExitCode.REFUSED


@pytest.mark.parametrize("number", range(COPIES))
def test_two_copies_never_differ_in_any_of_many_runs(outcomes, number):
    outcome = outcomes[f"copy {number}"]
    assert [one.case.name for one in outcome.outcomes if one.mismatched or one.doubts] == []
    assert outcome.exit_code is ExitCode.DONE


@pytest.mark.parametrize(
    ("send", "name", "kinds"),
    [
        # The last message is late too, behind messages that need not have come.
        (all_late, "not-utf-8", {"late"}),
        # Several warm-up messages are on their way when the client leaves.
        (all_late, "broken-opcode", {"late"}),
    ],
)
def test_what_is_late_is_not_taken_for_missing(town, good, send, name, kinds):
    slow = town.add(PlainServer(send))
    outcome = held(Given(good.url, slow.url, publish_http=town.publish_url), name)
    town.remove(slow)
    assert {one.kind.value for case in outcome.outcomes for one in case.mismatched} == kinds


def test_a_handshake_that_takes_seconds_is_late(town, good):
    slow = town.add(PlainServer(answer_after_s=1.2))
    outcome = held(Given(good.url, slow.url, publish_http=town.publish_url), "one-byte")
    town.remove(slow)
    (case,) = outcome.outcomes
    assert {(one.kind.value, one.subject) for one in case.mismatched} == {("late", "handshake")}


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [("empty", "echo", ExitCode.DONE), ("empty", "turned", ExitCode.REFUSED)],
)
def test_a_pong_is_empty_or_what_was_pinged_and_nothing_else(town, old, new, code):
    """As uWSGI answers, and as the RFC has it."""
    pongs = {"empty": lambda _: b"", "echo": lambda ping: ping, "turned": lambda ping: ping[::-1]}
    servers = [town.add(PlainServer(pong=pongs[name])) for name in (old, new)]
    outcome = held(
        Given(*(one.url for one in servers), publish_http=town.publish_url), "client-pings"
    )
    for server in servers:
        town.remove(server)
    assert outcome.exit_code is code


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
