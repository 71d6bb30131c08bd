"""Follows a plan by itself: step by step, with hooks, gates and bakes, and back where it fails.

Where it stands is written down before and after each phase, and each second of a bake, so that
another process goes on there when this one was killed. One process at a time: the operators' lock
is held all along.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from migrate_cli.cutover.attention import Attention, RunFailedError
from migrate_cli.cutover.executor import Executor, StepFailedError
from migrate_cli.cutover.hooks import run_hook
from migrate_cli.cutover.lock import HeldLock
from migrate_cli.cutover.telling import Telling
from migrate_cli.wiring import Operation
from wsmigrate.errors import RefusedError, UnavailableError
from wsmigrate.gates import Judgement, Outcome, judgement_of
from wsmigrate.run_place import Phase, Place, place_of_record
from wsmigrate.rungs import Rung
from wsmigrate.stages import Advance, Heading, Resume, Rollback, State

_TICK_S = 0.25
_SAVE_EVERY_S = 1.0
_STATE_AWAY_FOR_S = 600.0
_ASK_AGAIN_S = 1.0


@dataclass(frozen=True)
class Clocks:
    """Time, in seconds."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Runner:
    """Runs a plan to one of its ends. ``stopping`` says that this process is to end; ``accepted``
    is a reason to take the next step although gates do not know."""

    def __init__(
        self,
        operation: Operation,
        lock: HeldLock,
        telling: Telling,
        stopping: Callable[[], bool] = lambda: False,
        *,
        clocks: Clocks | None = None,
        accepted: str = "",
    ) -> None:
        self._operation = operation
        self._telling = telling
        self._clocks = clocks or Clocks()
        self._executor = Executor(operation.store, lock, operation.effects(lock), telling.say)
        self._attention = Attention(
            operation.store,
            lock,
            self._executor,
            telling,
            operation.cutover.rungs,
            stopping,
            self._clocks.sleep,
            accepted,
        )
        self._phases: dict[Phase, Callable[[Place], Place]] = {
            Phase.BEFORE: self._before,
            Phase.CLIMB: self._climb,
            Phase.AFTER: self._after,
            Phase.BAKE: self._bake,
            Phase.UNDO: self._undo,
        }

    def run(self, place: Place) -> Place:
        """From a place, which is written down, to the end.

        While PostgreSQL is away it waits, and goes on from what is written down, as another process
        would; for ten minutes, then UnavailableError. Raises RunFailedError where it failed and was
        rolled back, RefusedError where it failed and nothing had to be, StepFailedError where
        rolling back failed too, and what Attention.heed raises.
        """
        self._attention.save(place)
        while not place.has_ended:
            try:
                place = self._phases[place.phase](place)
                self._attention.save(place)
            except UnavailableError as error:
                place = self._when_the_state_is_back(error)
        self._telling.ended(place)
        if place.phase is Phase.FAILED:
            what = f"The plan failed in {place.plan.position(place.index)}. {place.why}"
            then = f"The cutover stands at {self._state().where!r}."
            raise (
                RunFailedError(what, then=then) if place.undo_to else RefusedError(what, then=then)
            )
        return place

    # Each phase gives the place that comes next.

    def _before(self, place: Place) -> Place:
        self._attention.heed(place)
        state = self._state()
        if state.is_at_rest and not state.rung.is_below(self._rung(place.step.to)):
            self._telling.step(place, f"{place.step.to} is reached already")
            return place.next_step()
        self._telling.step(place, f"from {state.rung.name} to {place.step.to}")
        why = self._hook_fails(place, place.step.before, state.rung.name)
        return self._failing(place.not_begun(why)) if why else place.after()

    def _climb(self, place: Place) -> Place:
        """Rung by rung, with gates before each. A step that was cut off was judged before."""
        goal = self._rung(place.step.to)
        while True:
            self._attention.heed(place)
            state = self._executor.settle(self._state())
            if state.is_at_rest and not state.rung.is_below(goal):
                return place.after()
            if state.is_at_rest:
                judgement = self._judged(state)
                if judgement.outcome is Outcome.FAIL:
                    return self._failing(place.failing(_reasons(judgement, Outcome.FAIL)))
                why = self._accepted(place)
                if judgement.outcome is Outcome.INCONCLUSIVE and not why:
                    self._attention.pause(place, _reasons(judgement, Outcome.INCONCLUSIVE))
                    continue
                self._attention.accepted = ""
                place = place.begun(state.rung.name)
                self._attention.save(place)
                reason = why if judgement.outcome is Outcome.INCONCLUSIVE else place.plan.name
                state = self._executor.take(state, Advance(), reason, judgement.results)
            before = state.rung
            try:
                state = self._executor.run(state)
            except StepFailedError as error:
                return self._failing(place.failing(str(error)))
            if state.is_at_rest and state.rung == before:
                self._attention.give_up(place, "somebody asked to undo the step", undone=True)

    def _after(self, place: Place) -> Place:
        why = self._hook_fails(place, place.step.after, place.began)
        return self._failing(place.failing(why)) if why else place.after()

    def _bake(self, place: Place) -> Place:
        """Watch the rung. Gates are asked every now and then, and at the end they have to know."""
        with ThreadPoolExecutor(1, "gates-of-a-bake") as threads:
            return self._baked(place, lambda: threads.submit(self._leaving, self._state()))

    def _baked(self, place: Place, ask: Callable[[], Future[Judgement | None]]) -> Place:
        """Gates may measure for half a minute: meanwhile wishes are heeded and the bake goes on."""
        now = self._clocks.now
        last = saved = now()
        asked_at: float | None = None
        asking: Future[Judgement | None] | None = None
        last_word = False
        while True:
            self._telling.bake(place)
            if self._attention.heed(place):
                last = now()  # a pause is no watching
            place, last = place.baked(now() - last), now()
            if asking is not None and asking.done():
                judgement, asking = asking.result(), None
                if judgement is not None and judgement.outcome is Outcome.FAIL:
                    self._telling.gates(judgement)
                    return self._failing(place.failing(_reasons(judgement, Outcome.FAIL)))
                if last_word and self._may_pass(place, judgement):
                    return place.after()
                last_word = False
            over = not place.bake_left_s
            due = asked_at is None or last - asked_at >= place.plan.check_every_s
            if asking is None and (over or due):
                asked_at, asking, last_word = last, ask(), over
            if now() - saved >= _SAVE_EVERY_S:
                saved = now()
                self._attention.save(place)
            self._clocks.sleep(_TICK_S)

    def _may_pass(self, place: Place, judgement: Judgement | None) -> bool:
        """The last word on a rung. Where gates do not know it pauses, and they are asked again once
        it is resumed."""
        if judgement is None:
            return True
        self._telling.gates(judgement)
        if judgement.outcome is Outcome.PASS or self._accepted(place):
            return True
        self._attention.pause(place, _reasons(judgement, Outcome.INCONCLUSIVE))
        return bool(self._attention.accepted)

    def _undo(self, place: Place) -> Place:
        """Back to where the place says."""
        state = self._executor.settle(self._state())
        if state.paused:
            state = self._executor.take(state, Resume(), "a rollback goes before a pause")
        if state.goal is not None and state.heading is not Heading.FORWARD:
            self._attention.run_back(place, state)
            state = self._state()
        to = self._rung(place.undo_to) if place.undo_to else state.rung
        if to.is_below(state.rung) or state.goal is not None:
            self._telling.say(f"rolling back to {to.name}")
            state = self._executor.take(state, Rollback(to), place.why)
            self._attention.run_back(place, state)
        return place.ended(Phase.FAILED)

    def _hook_fails(self, place: Place, argv: tuple[str, ...], began: str) -> str:
        """Run a program of the plan; why it failed, if it did."""
        if argv:
            self._telling.say(f"running the program {argv[0]}")
        values = {
            "WSMIGRATE_PLAN": place.plan.name,
            "WSMIGRATE_FROM": began,
            "WSMIGRATE_TO": place.step.to,
        }
        try:
            run_hook(argv, self._operation.cutover.hook_within_s, values)
        except UnavailableError as error:
            return str(error)
        return ""

    def _failing(self, place: Place) -> Place:
        self._telling.failed(place)
        self._attention.note("run-failed", place, place.why)
        return place

    def _judged(self, state: State) -> Judgement:
        judgement = self._leaving(state)
        if judgement is None:
            raise RefusedError(f"There is nothing after {state.rung.name!r}.")
        self._telling.gates(judgement)
        return judgement

    def _leaving(self, state: State) -> Judgement | None:
        """What the gates of the next step up say; None on the last rung."""
        above = [rung for rung in state.rungs if state.rung.is_below(rung)]
        if not above:
            return None
        return judgement_of(self._operation.gates.judge(state.rung, above[0]))

    def _accepted(self, place: Place) -> str:
        return self._attention.accepted or place.step.accept_inconclusive

    def _when_the_state_is_back(self, error: UnavailableError) -> Place:
        deadline = self._clocks.now() + _STATE_AWAY_FOR_S
        self._telling.say(f"waiting: {error}")
        while True:
            self._clocks.sleep(_ASK_AGAIN_S)
            try:
                place = place_of_record(self._operation.store.run_record())
                self._executor.settle(self._state())
            except UnavailableError:
                if self._clocks.now() > deadline:
                    raise
            else:
                if place is None:
                    raise error
                return place

    def _state(self) -> State:
        return self._attention.state()

    def _rung(self, name: str) -> Rung:
        for rung in self._operation.cutover.rungs:
            if rung.name == name:
                return rung
        raise RefusedError(
            f"The plan names {name!r}, which is no rung any more.",
            then="Nothing was changed.",
            remedy="Were the percentages in wsmigrate.toml changed?",
        )


def _reasons(judgement: Judgement, outcome: Outcome) -> str:
    found = [f"{result.gate}: {result.why}" for result in judgement.with_outcome(outcome)]
    what = "do not let it pass" if outcome is Outcome.FAIL else "do not know"
    return f"The gates {what}. {' '.join(found) or 'No gate is set.'}"
