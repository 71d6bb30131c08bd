"""What a rehearsal says in the end, and that it can say no."""

import itertools
from dataclasses import replace

import pytest

from dev_stack.rehearsal.course import Step
from dev_stack.rehearsal.faults import Happened
from dev_stack.rehearsal.figures import Figures, figures_of
from dev_stack.rehearsal.lines import Key
from dev_stack.rehearsal.records import FAILED, TAKEN, ClientRecord, Frame, Message, Session
from dev_stack.rehearsal.run import Seen, StepTaken
from dev_stack.rehearsal.scenario import Deed, Fault, Limits, Moment
from dev_stack.rehearsal.site_operator import Call
from wsmigrate.errors import ExitCode
from wsmigrate.rungs import ladder

RUNGS = {rung.name: rung for rung in ladder((50, 100))}
USUAL = Limits()
KILLED = Fault("door", False, Moment.RESTING, Deed.KILL, "bridge")


def taken(step: Step, began: float, *calls: Call) -> StepTaken:
    return StepTaken(step, began, began + 2, began + 20, calls, {"-": 1, "channels": 1})


def call(status: int = 0, at: float = 1.0) -> Call:
    return Call(("advance", "--execute"), at, at + 1, status, "it said so")


def seen(**more: object) -> Seen:
    """Two steps, two clients of one room, a message a second."""
    messages = [Message(Key("pub0", 0, n), float(n), n + 0.01, TAKEN) for n in range(40)]
    frames = [Frame(n + 0.1, Key("pub0", 0, n), True, str(n)) for n in range(40)]
    clients = [
        ClientRecord(0, 0, [Session(-1.0, "legacy", frames=list(frames))]),
        ClientRecord(1, 0, [Session(-1.0, "channels", frames=list(frames))]),
    ]
    steps = [
        taken(Step(RUNGS["door"]), 0.0, call()),
        taken(Step(RUNGS["legacy"], back=True), 20.0, call(at=20.0)),
    ]
    said = "all 3 live publishers apply revision 2, after 0.4 s"
    history = [{"command": "publish-to", "event": "done", "why": said}]
    found = Seen(steps, messages, clients, history=history, at_the_end={"servers": {"channels": 2}})
    return replace(found, **more)  # type: ignore[arg-type]


def judged(found: Seen, limits: Limits = USUAL) -> Figures:
    return figures_of(found, "a scenario", limits)


def refused_with(found: Seen, words: str, limits: Limits = USUAL) -> None:
    figures = judged(found, limits)
    assert figures.exit_code is ExitCode.REFUSED
    assert any(words in sentence for sentence in figures.why_not), figures.why_not


def test_where_all_came_to_all_it_held():
    figures = judged(seen())
    assert figures.why_not == ()
    assert figures.exit_code is ExitCode.DONE
    said = figures.as_json()
    assert (said["published"], said["delivered"], said["identical"]) == (40, 80, 40)
    assert said["servers"]["legacy"]["delivered"] == said["servers"]["channels"]["delivered"] == 40
    assert [stage["received"] for stage in said["stages"]] == [40, 40]
    assert said["latency_ms"]["legacy"] == {"p50": 100.0, "p99": 100.0}
    assert said["stages"][1]["probe"] == {"due": 2, "reached": 2}


@pytest.mark.parametrize("place", [3, 39])
def test_a_lost_frame_does_not_hold(place: int):
    found = seen()
    del found.clients[0].sessions[0].frames[place]
    refused_with(found, "1 lost")


def test_a_message_that_misses_somebody_after_a_rollback_does_not_hold():
    found = seen()
    del found.clients[1].sessions[0].frames[27]  # 20 s, 2 s for the step, 5 s more
    refused_with(found, "of 2 clients 1 have a message of 5 s later")


def test_a_rollback_after_which_nothing_was_published_does_not_hold():
    found = seen()
    found.messages[:] = found.messages[:26]
    for client in found.clients:
        client.sessions[0].frames[26:] = []
    refused_with(found, "of 0 clients 0")


def with_gaps(*gaps: tuple[float, float]) -> Seen:
    """The second client is away in these times."""
    found = seen()
    times = [-1.0, *itertools.chain.from_iterable(gaps)]
    frames = found.clients[1].sessions[0].frames
    found.clients[1].sessions[:] = [
        Session(
            opened,
            "channels",
            closed,
            frames=[frame for frame in frames if opened <= frame.at < (closed or 99)],
        )
        for opened, closed in itertools.zip_longest(times[::2], times[1::2])
    ]
    return found


def test_one_gap_of_five_seconds_is_borne_and_counted():
    figures = judged(with_gaps((10.5, 15.5)))
    assert figures.why_not == ()
    assert figures.gaps.as_json() == {
        "count": 1,
        "most_per_client": 1,
        "longest_s": 5.0,
        "frames": 5,
        "not_returned": 0,
    }


def test_a_gap_that_is_too_long_and_two_in_one_step_do_not_hold():
    refused_with(with_gaps((10.5, 17.5)), "a gap of 7.00 s")
    refused_with(with_gaps((5.5, 7.5), (10.5, 12.5)), "a client had 2 gaps")
    assert judged(with_gaps((10.5, 17.5)), Limits(longest_gap_s=8)).why_not == ()


def test_a_client_that_does_not_come_back_does_not_hold():
    found = with_gaps((10.5, 15.5))
    del found.clients[1].sessions[1]
    refused_with(found, "1 clients did not return")


def test_a_command_that_fails_for_no_reason_does_not_hold_and_after_a_fault_it_may():
    failing = [taken(Step(RUNGS["door"]), 0.0, call(3), call(0, 5.0)), seen().steps[1]]
    refused_with(seen(steps=failing), "`wsmigrate advance` ended with 3: it said so")
    happened = [Happened(KILLED, 0, 0.5, landed=True)]
    assert judged(seen(steps=failing, happened=happened)).why_not == ()


def test_a_fault_that_never_happened_does_not_hold():
    refused_with(seen(missed=[KILLED.sentence]), "this fault never happened: kill bridge")


def test_a_slow_switch_does_not_hold():
    said = "all 3 live publishers apply revision 2, after 2.4 s"
    history = [{"command": "publish-to", "event": "done", "why": said}]
    refused_with(seen(history=history), "a backend switch was slow")


def test_a_notify_that_failed_for_no_reason_does_not_hold():
    found = seen()
    found.messages.append(Message(Key("pub0", 0, 40), 40.0, 40.1, FAILED))
    refused_with(found, "1 calls of notify() failed")


def test_a_rehearsal_in_which_nobody_got_anything_does_not_hold():
    refused_with(seen(messages=[], clients=[]), "no frame came to anybody")


def test_clients_that_are_away_at_the_end_do_not_hold():
    refused_with(seen(at_the_end={"servers": {"away": 3}}), "3 clients are away at the end")
