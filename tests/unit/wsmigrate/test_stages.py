from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paths_model import Site

from traces import Drawn, next_outcome, next_wish
from wsmigrate.config import NotifyBackend
from wsmigrate.errors import ConfigError, ExitCode, RefusedError
from wsmigrate.facts import (
    Command,
    MoveSockets,
    OpenDoor,
    PassBarrier,
    PublishTo,
    RouteRooms,
    StopBridge,
    UnbindRooms,
)
from wsmigrate.rungs import Rung, Stage, all_after, ladder, next_command, plan, rung_named
from wsmigrate.sides import Side
from wsmigrate.stages import (
    Abort,
    Advance,
    Done,
    Event,
    Failed,
    Heading,
    Interrupted,
    NotAllowedError,
    Pause,
    Resume,
    Rollback,
    Started,
    State,
    Switch,
    step,
)

LADDER = ladder((25, 50))
START = State(LADDER, LADDER[0])


def done(state: State) -> State:
    """All commands that remain, done without a fault."""
    while not state.is_at_rest:
        command = state.todo[0]
        state, _ = step(step(state, Started(command))[0], Done(command))
    return state


def at(name: str) -> State:
    state = START
    while state.rung.name != name:
        state = done(step(state, Advance())[0])
    return state


def test_advancing_goes_through_all_stages_in_order() -> None:
    state, names = START, [START.rung.name]
    while state.rung.stage is not Stage.RETIRED:
        state = done(step(state, Advance())[0])
        names.append(state.rung.name)
    assert names == [
        "legacy",
        "door",
        "shadow",
        "canary 25",
        "canary 50",
        "drain",
        "direct both",
        "direct channels",
        "retired",
    ]


@pytest.mark.parametrize(
    ("before", "commands"),
    [
        ("legacy", [OpenDoor()]),
        ("shadow", [RouteRooms(25)]),
        ("canary 50", [RouteRooms(100), MoveSockets(Side.LEGACY)]),
        ("drain", [PublishTo(NotifyBackend.BOTH)]),
        ("direct both", [PublishTo(NotifyBackend.CHANNELS), PassBarrier(), UnbindRooms()]),
    ],
)
def test_a_step_names_its_commands(before: str, commands: list[Command]) -> None:
    _, todo = step(at(before), Advance())
    assert list(todo) == commands


@pytest.mark.parametrize("start", LADDER, ids=lambda rung: rung.name)
def test_a_rollback_from_anywhere_reaches_any_earlier_stage_by_name(start: Rung) -> None:
    state = at(start.name)
    for rung in LADDER:
        if not rung.is_below(start):
            continue
        back = rung_named(rung.name, LADDER, below=start)
        arrived = done(step(state, Rollback(back))[0])
        assert arrived.rung == rung
        assert [next_command(facts, rung) for facts in arrived.possible] == [None]


def test_going_back_to_a_stage_goes_to_its_highest_rung() -> None:
    assert rung_named("canary", LADDER, below=at("drain").rung).percent == 50
    assert rung_named("canary-25", LADDER, below=at("drain").rung).percent == 25


@pytest.mark.parametrize("name", ["drain", "retired", "nowhere"])
def test_going_back_to_what_is_not_earlier_is_refused_with_what_there_is(name: str) -> None:
    with pytest.raises(RefusedError, match=r"legacy, door, shadow, canary 25"):
        rung_named(name, LADDER, below=at("canary 50").rung)


@pytest.mark.parametrize(
    ("state", "event"),
    [
        (at("retired"), Advance()),
        (replace(START, paused=True), Advance()),
        (step(START, Advance())[0], Advance()),
        (START, Rollback(LADDER[0])),
        (START, Rollback(LADDER[3])),
        (at("drain"), Rollback(Rung(Stage.CANARY, 33))),
        (START, Abort()),
        (step(at("door"), Rollback(LADDER[0]))[0], Abort()),
        (START, Resume()),
        (replace(START, paused=True), Pause()),
        (START, Started(OpenDoor())),
        (step(START, Advance())[0], Started(PassBarrier())),
        (START, Done(OpenDoor())),
        (START, Failed(OpenDoor())),
        (START, Interrupted()),
        (START, Switch(NotifyBackend.RABBITMQ)),
        (START, Switch(NotifyBackend.CHANNELS)),
        (done(step(START, Switch(NotifyBackend.BOTH))[0]), Switch(NotifyBackend.CHANNELS)),
        (at("direct channels"), Switch(NotifyBackend.RABBITMQ)),
        (step(START, Advance())[0], Switch(NotifyBackend.BOTH)),
    ],
)
def test_what_is_not_allowed_is_refused_by_the_names_of_stage_and_event(
    state: State, event: Event
) -> None:
    with pytest.raises(NotAllowedError) as refusal:
        step(state, event)
    assert state.rung.name in str(refusal.value)
    assert type(event).__name__.lower() in str(refusal.value)
    assert refusal.value.exit_code is ExitCode.REFUSED


def test_a_command_that_fails_on_the_way_forward_is_undone() -> None:
    state, _ = step(at("canary 50"), Advance())
    state, _ = step(step(state, Started(RouteRooms(100)))[0], Failed(RouteRooms(100)))
    assert (state.goal, state.heading) == (state.rung, Heading.UNDO)
    assert state.todo == (RouteRooms(50), MoveSockets(Side.CHANNELS))
    assert done(state).rung.name == "canary 50"


def test_nothing_is_begun_while_it_is_paused_but_a_rollback_is() -> None:
    state, _ = step(step(at("shadow"), Advance())[0], Pause())
    with pytest.raises(NotAllowedError, match="paused"):
        step(state, Started(RouteRooms(25)))
    assert step(step(state, Resume())[0], Started(RouteRooms(25)))[0].doing == RouteRooms(25)
    assert done(step(state, Rollback(LADDER[1]))[0]).rung.name == "door"


def test_the_backend_alone_can_be_switched_and_the_next_step_puts_it_right() -> None:
    state = done(step(START, Switch(NotifyBackend.BOTH))[0])
    assert state.rung.name == "legacy both"
    _, todo = step(state, Advance())
    assert list(todo) == [PublishTo(NotifyBackend.RABBITMQ), StopBridge(), OpenDoor()]


def test_switching_the_backend_of_drain_goes_along_the_ladder() -> None:
    state = done(step(at("drain"), Switch(NotifyBackend.BOTH))[0])
    assert state.rung in LADDER
    state = done(step(state, Switch(NotifyBackend.CHANNELS))[0])
    assert state.rung.name == "direct channels"
    state = done(step(state, Switch(NotifyBackend.BOTH))[0])
    assert done(step(state, Switch(NotifyBackend.RABBITMQ))[0]).rung.name == "drain"


@pytest.mark.parametrize("percentages", [(), (0, 50), (50, 25), (10, 10), (50, 101)])
def test_percentages_that_do_not_rise_are_refused(percentages: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match="have to rise"):
        ladder(percentages)


RUNGS = st.sampled_from(LADDER)


def commands_of_all_steps() -> list[Command]:
    found = {command for rung in LADDER[:-1] for command in step(at(rung.name), Advance())[1]}
    found |= set(step(at("retired"), Rollback(LADDER[0]))[1])
    return sorted(found, key=repr)


COMMANDS = commands_of_all_steps()
EVENTS = st.one_of(
    st.sampled_from([Advance(), Pause(), Resume(), Abort(), Interrupted()]),
    RUNGS.map(Rollback),
    st.builds(Switch, st.sampled_from(NotifyBackend), st.booleans()),
    st.sampled_from(COMMANDS).flatmap(
        lambda command: st.sampled_from([Started(command), Done(command), Failed(command)])
    ),
)


@given(st.lists(st.one_of(EVENTS, st.sampled_from(["start", "done", "fail"])), max_size=60))
def test_every_event_in_every_state_either_steps_or_is_refused_by_name(
    events: list[object],
) -> None:
    state = START
    for drawn in events:
        event = fitting(drawn, state) if isinstance(drawn, str) else drawn
        refused_in = None
        try:
            state, todo = step(state, event)
        except NotAllowedError as refusal:
            refused_in, todo = refusal.stage, state.todo
        assert refused_in in {None, state.where}
        assert todo == state.todo
        assert state.is_at_rest or state.todo or state.doing is not None


def fitting(what: str, state: State) -> Event:
    """An event that fits the state, if there is one."""
    if what == "start":
        return Started(state.todo[0]) if state.todo else Pause()
    if state.doing is None:
        return Resume()
    return Done(state.doing) if what == "done" else Failed(state.doing)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_no_failures_retries_and_crashes_leave_a_room_without_a_path(data: st.DataObject) -> None:
    state, site = START, Site()
    start = data.draw(RUNGS, "begins at")
    while state.rung != start:
        state = _settles(step(state, Advance())[0], site)
    for _ in range(data.draw(st.integers(1, 25), "events")):
        state = _one_event(data, state, site)
        site.clients_come_and_go()
        assert site.rooms_without_a_path() == []
    state = _settles(state, site)
    assert len({*state.possible}) == 1, "nothing is in doubt at rest"
    facts = state.possible[0]
    assert set(site.publishers) == {facts.backend} == {state.rung.backend}
    assert set(site.bound) == {facts.bound}
    assert (site.door, site.bridge) == (facts.door, facts.bridge)
    assert sum(side is Side.CHANNELS for side in site.routed_to) * 25 == state.rung.percent
    assert not site.held


def _one_event(data: st.DataObject, state: State, site: Site) -> State:
    wish = next_wish(Drawn(data), state, LADDER)
    try:
        return _run(data, state, site) if wish is None else step(state, wish)[0]
    except NotAllowedError:
        return state


def _run(data: st.DataObject, state: State, site: Site) -> State:
    command = state.todo[0]
    state, _ = step(state, Started(command))
    outcome = next_outcome(Drawn(data))
    if outcome == "done":
        site.do(command, lambda: True)
        return step(state, Done(command))[0]
    site.do(command, lambda: data.draw(st.booleans(), "takes"))
    return step(state, Failed(command))[0] if outcome == "failed" else state


def _settles(state: State, site: Site) -> State:
    """Whatever happened: from here it comes to rest."""
    if state.paused:
        state, _ = step(state, Resume())
    if state.doing is not None:
        state, _ = step(state, Interrupted())
    while not state.is_at_rest:
        command = state.todo[0]
        state, _ = step(state, Started(command))
        site.do(command, lambda: True)
        site.clients_come_and_go()
        assert site.rooms_without_a_path() == []
        state, _ = step(state, Done(command))
    return state


@given(RUNGS, RUNGS)
def test_from_any_rung_there_is_a_way_to_any_other(start: Rung, goal: Rung) -> None:
    possible = at(start.name).possible
    for command in plan(possible, goal):
        possible = all_after(possible, command)
    assert [next_command(facts, goal) for facts in possible] == [None]
    assert len(plan(at(start.name).possible, goal)) < 15
