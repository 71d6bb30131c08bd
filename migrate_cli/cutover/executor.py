"""Runs the commands that the stage machine names, and writes down each before and after."""

from __future__ import annotations

from dataclasses import replace

from migrate_cli.cutover.lock import HeldLock
from migrate_cli.cutover.ports import Effects, Gates, Say, Unwatched, Watcher
from migrate_cli.cutover.records import Change, Note, Wish
from migrate_cli.cutover.store import FencedError, StateStore
from wsmigrate.command_texts import name_of, sentence_of
from wsmigrate.cutover_record import record_of_state, state_of_record
from wsmigrate.errors import ExitCode, RefusedError, WsmigrateError
from wsmigrate.facts import Command
from wsmigrate.gates import GateResult, Outcome, judgement_of
from wsmigrate.rungs import Rung
from wsmigrate.stages import (
    Abort,
    Advance,
    Done,
    Event,
    Failed,
    Heading,
    Interrupted,
    Pause,
    Started,
    State,
    step,
)


class StepFailedError(WsmigrateError):
    """A command failed. ``state`` is where the cutover stands now."""

    def __init__(self, state: State, command: Command, error: Exception) -> None:
        self.state = state
        undone = state.is_at_rest
        self.exit_code = ExitCode.ROLLED_BACK if undone else ExitCode.COULD_NOT_ACT
        super().__init__(
            f"Failed: {sentence_of(command)}. {error}",
            then=f"Everything is as it was in {state.rung.name!r}."
            if undone
            else f"The cutover stands at {state.where!r}, in the middle of a step.",
            remedy="" if undone else "Mend the cause, then: wsmigrate resume --execute.",
        )


class Executor:
    """Takes events to the machine and runs what comes of them, under a lock that is held.

    Before each command and after it the state is saved, with a line in the audit log. A process
    that is killed in between leaves a state from which ``settle`` and any event go on.
    """

    def __init__(
        self,
        store: StateStore,
        lock: HeldLock,
        effects: Effects,
        say: Say,
        watcher: Watcher | None = None,
    ) -> None:
        self._store = store
        self._lock = lock
        self._effects = effects
        self._say = say
        self._watcher = watcher or Unwatched()

    def load(self, rungs: tuple[Rung, ...]) -> State:
        """The state that is written down; on the ladder ``rungs`` where nothing is yet.

        A ladder with other percentages counts from the next step on, if the cutover is at rest on a
        rung that it has.
        """
        state = state_of_record(self._store.load().machine, rungs)
        if state.is_at_rest and state.rungs != rungs and state.rung in rungs:
            state = replace(state, rungs=rungs)
        return state

    def settle(self, state: State) -> State:
        """Take over from a command that was killed: what it had begun may have taken effect."""
        if state.doing is None:
            return state
        self._say(f"an earlier command was cut off while it was to {sentence_of(state.doing)}")
        return self._take(state, Interrupted(), name_of(state.doing))

    def take(
        self, state: State, event: Event, why: str = "", gates: tuple[GateResult, ...] = ()
    ) -> State:
        """Take an event to the machine and write it down. Raises NotAllowedError."""
        following, _ = step(state, event)
        note = Note(_event_name(event), why=why, gates=gates)
        self._save(following, note)
        return following

    def run(self, state: State) -> State:
        """Run what remains to be done, to the rung or to a pause. Raises StepFailedError, after
        everything was undone where that could be done, and FencedError."""
        failure: tuple[Command, Exception] | None = None
        while not state.is_at_rest and not state.paused:
            state = self._heed_wishes(state)
            if state.is_at_rest or state.paused:
                break
            command = state.todo[0]
            try:
                state = self._run_one(state, command)
            except FencedError:
                raise
            except WsmigrateError as error:
                heading = state.heading
                state = self._failed(replace(state, doing=command), command, error)
                if heading is not Heading.FORWARD:
                    raise StepFailedError(state, *(failure or (command, error))) from error
                self._say(f"failed: {error}")
                self._say(f"undoing the step, back to {state.rung.name}")
                failure = (command, error)
        if failure is not None:
            raise StepFailedError(state, *failure) from failure[1]
        return state

    def _run_one(self, state: State, command: Command) -> State:
        self._lock.require()
        self._watcher.at("begin", command)
        state = self._take(state, Started(command), name_of(command))
        self._watcher.at("started", command)
        self._say(sentence_of(command))
        seen = self._effects.do(command, self._say)
        self._watcher.at("acted", command)
        self._lock.require()
        state = self._take(state, Done(command), name_of(command), "done", seen)
        self._watcher.at("ended", command)
        if seen:
            self._say(f"  {seen}")
        return state

    def _failed(self, state: State, command: Command, error: Exception) -> State:
        return self._take(state, Failed(command), name_of(command), "failed", str(error))

    def _heed_wishes(self, state: State) -> State:
        self._lock.require()
        wish = self._lock.wish()
        if wish.kind == "pause":
            self._say(f"{wish.who} asks for a pause")
            return self.take(state, Pause(), _asked_by(wish))
        if wish.kind == "abort" and state.heading is Heading.FORWARD:
            self._say(f"{wish.who} asks to give this step up")
            return self.take(state, Abort(), _asked_by(wish))
        return state

    def _take(
        self, state: State, event: Event, command: str, outcome: str = "", why: str = ""
    ) -> State:
        following, _ = step(state, event)
        self._save(following, Note(_event_name(event), command, outcome, why))
        return following

    def _save(self, state: State, note: Note) -> None:
        change = Change(machine=record_of_state(state), stage=state.rung.name)
        self._store.save(self._lock.fence, change, note)


class InconclusiveError(WsmigrateError):
    """The gates of a step do not know enough. Nothing was changed."""

    exit_code = ExitCode.COULD_NOT_ACT


def judged_step(
    gates: Gates, state: State, accept_inconclusive: str = ""
) -> tuple[GateResult, ...]:
    """What the gates say of the next step up. Raises RefusedError where one fails, and
    InconclusiveError where they do not know and no reason is given to go on all the same, and
    NotAllowedError."""
    following, _ = step(state, Advance())
    goal = following.goal or following.rung
    judgement = judgement_of(gates.judge(state.rung, goal))
    failed = judgement.with_outcome(Outcome.FAIL)
    if failed:
        raise RefusedError(
            f"The gates do not let it pass from {state.rung.name!r} to {goal.name!r}: "
            + " ".join(f"{result.gate}: {result.why}" for result in failed),
            then="Nothing was changed.",
        )
    if judgement.outcome is Outcome.INCONCLUSIVE and not accept_inconclusive:
        unknown = judgement.with_outcome(Outcome.INCONCLUSIVE)
        reasons = " ".join(f"{result.gate}: {result.why}" for result in unknown)
        raise InconclusiveError(
            f"The gates cannot tell whether the step from {state.rung.name!r} to {goal.name!r} "
            f"is safe. {reasons or 'No gate is set for it.'}",
            then="Nothing was changed.",
            remedy='To go on all the same: --accept-inconclusive "reason", which is kept in the '
            "audit log.",
        )
    return judgement.results


def _asked_by(wish: Wish) -> str:
    return f"asked of the operator at work, by {wish.who}" + (f": {wish.why}" if wish.why else "")


def _event_name(event: Event) -> str:
    return type(event).__name__.lower()
