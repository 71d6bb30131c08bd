"""Beginning the run of a plan, and going on with one that was cut off."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from migrate_cli.cutover.conduct import end_run
from migrate_cli.cutover.executor import Executor
from migrate_cli.cutover.lock import operators_lock
from migrate_cli.cutover.records import Note
from migrate_cli.cutover.runner import Runner
from migrate_cli.cutover.telling import Telling
from migrate_cli.wiring import Operation
from wsmigrate.errors import RefusedError
from wsmigrate.run_place import Place, place_of_record
from wsmigrate.run_plan import RunPlan
from wsmigrate.stages import Heading, Resume, State


def unfinished(operation: Operation) -> Place | None:
    """The place of a run that has not come to its end."""
    place = place_of_record(operation.store.run_record())
    return None if place is None or place.has_ended else place


@dataclass(frozen=True)
class Begin:
    """Follow a plan from its first step, or go on with it where it is the one that was cut off."""

    plan: RunPlan
    why: str = ""

    def place(self, found: Place | None, state: State) -> Place:
        """Where to begin. Raises RefusedError."""
        if found is not None:
            if found.plan == self.plan:
                return found
            raise RefusedError(
                f"Another plan is under way ({found.plan.position(found.index)}, {found.step.to}).",
                then="Nothing was changed.",
                remedy="Go on with it (wsmigrate resume --execute), or give it up (wsmigrate abort "
                "--execute). A plan whose file was changed is another one.",
            )
        if state.paused:
            raise RefusedError(
                "The cutover is paused.",
                then="Nothing was changed.",
                remedy="Resume it first: wsmigrate resume --execute.",
            )
        if state.goal is not None and state.heading is not Heading.FORWARD:
            raise RefusedError(
                f"A step back is under way ({state.where}).",
                then="Nothing was changed.",
                remedy="Let it end first: wsmigrate resume --execute.",
            )
        return Place(self.plan)


def run_plan(operation: Operation, begin: Begin, telling: Telling) -> None:
    """Follow it to its end. Raises what Runner.run raises, and LockedError."""
    with _told_to_end() as stopping, operators_lock(operation.store, "run of a plan") as lock:
        runner = Runner(operation, lock, telling, stopping)
        state = Executor(operation.store, lock, operation.effects(lock), telling.say).load(
            operation.cutover.rungs
        )
        found = unfinished(operation)
        place = begin.place(found, state)
        event = "run-begun" if found is None else "run-resumed"
        operation.store.note(lock.fence, Note(event, outcome=begin.plan.name, why=begin.why))
        runner.run(place)


def resume_run(operation: Operation, accept: str, why: str, telling: Telling) -> None:
    """Go on with a run that nobody follows now, also where it is paused. Raises as run_plan."""
    with _told_to_end() as stopping, operators_lock(operation.store, "run of a plan") as lock:
        found = unfinished(operation)
        if found is None:
            raise RefusedError("The run has come to its end meanwhile.")
        executor = Executor(operation.store, lock, operation.effects(lock), telling.say)
        state = executor.load(operation.cutover.rungs)
        reason = why or accept
        if state.paused:
            executor.take(state, Resume(), reason)
        operation.store.note(lock.fence, Note("run-resumed", outcome=found.plan.name, why=reason))
        Runner(operation, lock, telling, stopping, accepted=accept).run(found)


def give_up_run(operation: Operation, why: str) -> None:
    """Give up a run that nobody follows now, with the cutover at rest, which stays where it is.
    Raises LockedError."""
    with operators_lock(operation.store, "abort") as lock:
        executor = Executor(operation.store, lock, operation.effects(lock), lambda _line: None)
        state = executor.load(operation.cutover.rungs)
        if state.paused:
            executor.take(state, Resume(), why or "the plan is given up")
        end_run(operation, lock, why or "given up by hand")


def steps_shown(plan: RunPlan) -> list[dict[str, Any]]:
    """A plan as JSON can say it."""
    return [
        {
            "to": step.to,
            "bake_s": step.bake_s,
            "before": list(step.before),
            "after": list(step.after),
            "rollback_to": step.rollback_to,
            "accept_inconclusive": step.accept_inconclusive,
        }
        for step in plan.steps
    ]


@contextlib.contextmanager
def _told_to_end() -> Iterator[Callable[[], bool]]:
    """SIGTERM and Ctrl-C end it between two commands, a second Ctrl-C at once. A terminal that is
    hung up ends nothing."""
    received: list[int] = []

    def note(number: int, _frame: object) -> None:
        if received and number == signal.SIGINT:
            raise KeyboardInterrupt
        received.append(number)

    handlers: dict[int, Any] = {
        signal.SIGINT: note,
        signal.SIGTERM: note,
        signal.SIGHUP: signal.SIG_IGN,
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
