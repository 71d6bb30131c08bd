"""What the run of a plan heeds beside it: others' wishes, pauses, and the end of its process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from migrate_cli.cutover.executor import Executor
from migrate_cli.cutover.lock import HeldLock
from migrate_cli.cutover.records import Note, Wish
from migrate_cli.cutover.store import StateStore
from migrate_cli.cutover.telling import Telling
from wsmigrate.errors import ExitCode, RefusedError, WsmigrateError
from wsmigrate.run_place import Phase, Place, record_of_place
from wsmigrate.rungs import Rung
from wsmigrate.stages import Abort, Heading, Pause, Resume, State

_LOOK_EVERY_S = 0.25


class RunFailedError(WsmigrateError):
    """The plan failed or was given up, and what it did last was undone."""

    exit_code = ExitCode.ROLLED_BACK


class RunStoppedError(WsmigrateError):
    """This process was told to end. The run goes on where it is with the next call."""


class RunAbortedError(RefusedError):
    """Somebody gave the run up; what it had reached stays."""


@dataclass
class Attention:
    """Looks up between two things that a run does. ``accepted`` is a reason, given with a wish to
    resume, to go on although gates do not know."""

    store: StateStore
    lock: HeldLock
    executor: Executor
    telling: Telling
    rungs: tuple[Rung, ...]
    stopping: Callable[[], bool]
    sleep: Callable[[float], None]
    accepted: str = ""

    def state(self) -> State:
        """Where the cutover stands."""
        return self.executor.load(self.rungs)

    def save(self, place: Place) -> None:
        """Write down where the run stands. Raises FencedError."""
        self.store.save_run(self.lock.fence, record_of_place(place))

    def note(self, event: str, place: Place, why: str) -> None:
        """A line in the audit log."""
        position = place.plan.position(place.index)
        self.store.note(self.lock.fence, Note(event, outcome=position, why=why))

    def heed(self, place: Place) -> bool:
        """Do what is asked for. Whether it was paused, and is not any more. Raises RunStoppedError,
        RunAbortedError, RunFailedError and FencedError."""
        self.lock.require()
        self._stop_if_told(place)
        wish = self.lock.wish()
        if wish.kind == "abort":
            self._abort(place, wish)
        state = self.state()
        if wish.kind == "pause" and not state.paused:
            self.telling.say(f"{wish.who} asks for a pause")
            state = self.executor.take(state, Pause(), _asked(wish))
        if not state.paused:
            return False
        self._wait_for_resume(place, wish.why)
        return True

    def pause(self, place: Place, why: str) -> None:
        """Begin nothing until somebody resumes it."""
        self.executor.take(self.state(), Pause(), why)
        self._wait_for_resume(place, why)

    def run_back(self, place: Place, state: State) -> None:
        """Let a step that goes back end, through pauses. Raises StepFailedError."""
        state = self.executor.run(state)
        while state.paused:
            self._wait_for_resume(place, "")
            state = self.executor.run(self.state())

    def give_up(self, place: Place, why: str, *, undone: bool) -> None:
        """End the run. Raises RunAbortedError, or RunFailedError where something was undone."""
        self.note("run-aborted", place, why)
        ended = place.ended(Phase.ABORTED, why)
        self.save(ended)
        self.telling.ended(ended)
        what = f"The plan was given up in {place.plan.position(place.index)}: {why}."
        where = f"The cutover stands at {self.state().where!r}"
        if undone:
            raise RunFailedError(what, then=f"{where}.")
        raise RunAbortedError(
            what, then=f"{where}, where it stays.", remedy="To go back: wsmigrate rollback."
        )

    def _wait_for_resume(self, place: Place, why: str) -> None:
        self.save(place)
        self.telling.paused(place, why)
        while True:
            self.lock.require()
            self._stop_if_told(place)
            wish = self.lock.wish()
            if wish.kind in {"resume", "accept"}:
                self.accepted = wish.why if wish.kind == "accept" else ""
                self.telling.resumed(wish.who)
                self.executor.take(self.state(), Resume(), _asked(wish))
                return
            if wish.kind == "abort":
                self._abort(place, wish)
            self.sleep(_LOOK_EVERY_S)

    def _abort(self, place: Place, wish: Wish) -> None:
        """Returns where there is nothing to be given up any more."""
        state = self.executor.settle(self.state())
        if place.phase is Phase.UNDO:
            self.telling.say("it is being rolled back already")
            return
        why = _asked(wish)
        if state.goal is not None and state.heading is Heading.FORWARD:
            self.run_back(place, self.executor.take(state, Abort(), why))
            self.give_up(place, why, undone=True)
        if state.paused:
            self.executor.take(state, Resume(), why)
        self.give_up(place, why, undone=False)

    def _stop_if_told(self, place: Place) -> None:
        if self.stopping():
            self.save(place)
            raise RunStoppedError(
                "This process was told to end.",
                then=f"The plan stands in {place.plan.position(place.index)}.",
                remedy="Go on with: wsmigrate resume --execute.",
            )


def _asked(wish: Wish) -> str:
    return f"{wish.who} asked for it" + (f": {wish.why}" if wish.why else "")
