"""One command of an operator: what it would do, and with ``--execute`` doing it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from migrate_cli.cutover.executor import Executor, judged_step
from migrate_cli.cutover.gates_shown import asking_line, gate_line
from migrate_cli.cutover.lock import HeldLock, operators_lock
from migrate_cli.cutover.ports import Say, Watcher
from migrate_cli.cutover.records import Note
from migrate_cli.cutover.view import record_of_step
from migrate_cli.wiring import Operation
from wsmigrate.command_texts import sentence_of
from wsmigrate.cutover_record import state_of_record
from wsmigrate.errors import RefusedError
from wsmigrate.gates import GateResult
from wsmigrate.run_place import Phase, place_of_record, record_of_place
from wsmigrate.rungs import Rung
from wsmigrate.stages import (
    Abort,
    Advance,
    Event,
    Heading,
    Interrupted,
    Pause,
    Resume,
    Rollback,
    State,
    step,
)


@dataclass(frozen=True)
class Order:
    """What an operator orders. ``event`` is made of the state as it is then; None: go on with the
    step that is under way."""

    doing: str
    event: Callable[[State], Event | None]
    why: str = ""
    accept_inconclusive: str = ""
    execute: bool = False


@dataclass
class Conducted:
    """What became of an order. ``steps``: the commands that it comes to."""

    before: State
    after: State
    steps: list[dict[str, Any]] = field(default_factory=list)
    gates: tuple[GateResult, ...] = ()
    executed: bool = False


def conduct(
    operation: Operation, order: Order, say: Say, watcher: Watcher | None = None
) -> Conducted:
    """Plan it, and carry it out where that is ordered. Raises what the machine and the executor
    raise (RefusedError, StepFailedError, LockedError)."""
    if not order.execute:
        return _rehearsed(operation, order, say)
    with operators_lock(operation.store, order.doing) as lock:
        executor = Executor(operation.store, lock, operation.effects(lock), say, watcher)
        before = executor.load(operation.cutover.rungs)
        state = executor.settle(before)
        event = order.event(state)
        _require_no_plan(operation, event)
        gates = _gates(operation, order, state, event, say)
        if event is not None:
            state = executor.take(state, event, order.why or order.accept_inconclusive, gates)
            if isinstance(event, (Rollback, Abort)):
                end_run(operation, lock, f"{order.doing} by hand")
        elif state.is_at_rest:
            raise RefusedError("No step is under way.", then="Nothing was changed.")
        conducted = Conducted(before, state, _steps(state), gates, executed=True)
        conducted.after = executor.run(state)
        return conducted


def _require_no_plan(operation: Operation, event: Event | None) -> None:
    """Whoever goes on by hand would go on past a plan that was cut off, which would then bake, and
    take back, another rung than its own. Raises RefusedError."""
    place = place_of_record(operation.store.run_record())
    if place is None or place.has_ended or isinstance(event, (Rollback, Abort, Pause, Resume)):
        return
    raise RefusedError(
        f"A plan is under way ({place.plan.position(place.index)}, {place.step.to}).",
        then="Nothing was changed.",
        remedy="Go on with it (wsmigrate resume --execute), or give it up (wsmigrate abort "
        "--execute).",
    )


def end_run(operation: Operation, lock: HeldLock, why: str) -> None:
    """Whoever goes back by hand does not want a plan to go up again by itself."""
    place = place_of_record(operation.store.run_record())
    if place is not None and not place.has_ended:
        operation.store.save_run(lock.fence, record_of_place(place.ended(Phase.ABORTED, why)))
        operation.store.note(lock.fence, Note("run-aborted", why=why))


def _rehearsed(operation: Operation, order: Order, say: Say) -> Conducted:
    state = load_state(operation)
    settled = step(state, Interrupted())[0] if state.doing is not None else state
    event = order.event(settled)
    _require_no_plan(operation, event)
    following = settled if event is None else step(settled, event)[0]
    if isinstance(event, Advance) and following.goal is not None:
        planned = operation.gates.planned(following.rung, following.goal)
        names = ", ".join(one.gate for one in planned)
        say(f"would ask the gates {names}" if names else "no gate is set for this step")
    conducted = Conducted(state, following, _steps(following))
    for command in following.todo:
        say(f"would {sentence_of(command)}")
    return conducted


def load_state(operation: Operation) -> State:
    """The state that is written down."""
    return state_of_record(operation.store.load().machine, operation.cutover.rungs)


def advance(state: State) -> Event | None:
    """Up one rung; a step up that was cut off is gone on with."""
    if state.goal is not None and state.heading is Heading.FORWARD and not state.paused:
        return None
    return Advance()


def next_rung(state: State) -> Rung | None:
    """Where the step leads that is under way, else the next one; None at the last rung."""
    above = [rung for rung in state.rungs if state.rung.is_below(rung)]
    return state.goal or (above[0] if above else None)


def resume(state: State) -> Event | None:
    """Go on after a pause, or with a step that was cut off."""
    return None if state.goal is not None and not state.paused else Resume()


def _gates(
    operation: Operation, order: Order, state: State, event: Event | None, say: Say
) -> tuple[GateResult, ...]:
    if not isinstance(event, Advance):
        return ()
    goal = step(state, event)[0].goal
    if goal is not None:
        say(asking_line(state.rung, goal, operation.gates.planned(state.rung, goal)))
    results = judged_step(operation.gates, state, order.accept_inconclusive)
    for result in results:
        say(gate_line(result))
    return results


def _steps(state: State) -> list[dict[str, Any]]:
    return [record_of_step(command) for command in state.todo]
