"""What the run of a plan says: lines for people, or a JSON object a line. Nobody has to listen:
when the terminal or the reader of the pipe is gone it goes on in silence."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

from rich.console import Console
from rich.status import Status
from rich.text import Text

from migrate_cli.silence import fall_silent
from wsmigrate.gates import Judgement, Outcome
from wsmigrate.run_place import Phase, Place
from wsmigrate.run_plan import duration

_BAKE_EVERY_S = 60.0
_MARKS = {Outcome.PASS: "pass", Outcome.FAIL: "FAIL", Outcome.INCONCLUSIVE: "does not know"}
_ENDS = {
    Phase.DONE: "the plan is done",
    Phase.FAILED: "the plan has failed",
    Phase.ABORTED: "the plan was given up",
}


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Rich would end the process."""
        raise  # noqa: PLE0704 - it is called where the error is handled


class Telling:
    """Tells of a run; its sentences may be used for other work too."""

    def __init__(self, as_json: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._as_json = as_json
        self._console = _Console(highlight=False, soft_wrap=True)
        self._status: Status | None = None
        self._clock = clock
        self._baked_at: float | None = None

    def say(self, sentence: str) -> None:
        """A sentence."""
        self._tell("say", sentence, {})

    def step(self, place: Place, what: str) -> None:
        """A step begins, or is passed over."""
        line = f"{place.plan.position(place.index)}: {what}"
        self._tell("step", line, _record(place), style="bold")

    def gates(self, judgement: Judgement) -> None:
        """What gates have found."""
        for result in judgement.results:
            record = {"gate": result.gate, "outcome": result.outcome.value, "why": result.why}
            self._tell("gate", f"  {result.gate}: {_MARKS[result.outcome]}. {result.why}", record)

    def bake(self, place: Place) -> None:
        """Where a bake stands: every minute, and at a terminal all the time."""
        left = f"{place.step.to} is watched for another {duration(place.bake_left_s)}"
        if self._console.is_terminal and not self._as_json:
            self._show(left if place.bake_left_s else "")
        now = self._clock()
        if place.bake_left_s and (self._baked_at is None or now - self._baked_at >= _BAKE_EVERY_S):
            self._baked_at = now
            self._tell("bake", left, _record(place))

    def paused(self, place: Place, why: str) -> None:
        """Nothing goes on until somebody resumes it."""
        line = f"paused. {why}".strip() + " Go on with: wsmigrate resume --execute"
        self._tell("paused", line, {**_record(place), "why": why}, style="yellow")

    def resumed(self, who: str) -> None:
        """It goes on."""
        self._tell("resumed", f"{who} resumes it", {"who": who})

    def failed(self, place: Place) -> None:
        """The plan has failed; it is rolled back now."""
        record = {**_record(place), "why": place.why, "undo_to": place.undo_to}
        self._tell("failed", f"failed: {place.why}", record, style="red")

    def ended(self, place: Place) -> None:
        """The run is over."""
        self._show("")
        self._tell("ended", _ENDS[place.phase], {**_record(place), "why": place.why}, style="bold")

    def _tell(self, event: str, line: str, record: Mapping[str, Any], style: str = "") -> None:
        if event != "bake":
            self._baked_at = None
        at = datetime.now(timezone.utc)
        if self._as_json:
            said = {"at": at.isoformat(), "event": event, "text": line.strip(), **record}
            self._guarded(lambda: print(json.dumps(said, ensure_ascii=False), flush=True))  # noqa: T201
        else:
            text = Text(f"{at:%H:%M:%S}  ").append(line, style=style)
            self._guarded(lambda: self._console.print(text))

    def _show(self, line: str) -> None:
        """A line at the foot of a terminal, which is replaced by the next one; none if empty."""
        status = self._status
        if status is None:
            if line:
                self._status = self._console.status(line)
                self._guarded(self._status.start)
        elif line:
            self._guarded(lambda: status.update(line))
        else:
            self._guarded(status.stop)
            self._status = None

    def _guarded(self, write: Callable[[], object]) -> None:
        try:
            write()
            sys.stdout.flush()
        except OSError:  # EPIPE, or EIO of a terminal that was hung up
            self._status = None
            fall_silent()


def _record(place: Place) -> dict[str, Any]:
    return {
        "plan": place.plan.name,
        "step": place.index + 1,
        "steps": len(place.plan.steps),
        "to": place.step.to,
        "phase": place.phase.value,
        "bake_left_s": round(place.bake_left_s, 1),
    }
