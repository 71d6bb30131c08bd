"""What the demo prints: as it goes, a table at the end. On a terminal with progress bars; elsewhere
plain lines, few of them."""

from __future__ import annotations

import json
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from dev_stack.demo.clients import Listener
from dev_stack.demo.figures import SERVERS, Figures, Latency, Step, Totals
from dev_stack.demo.sabotage_outcome import SabotageOutcome
from dev_stack.demo.watch import FirstDifference
from wsmigrate.errors import ExitCode

NAMES: Final = {"legacy": "old server", "channels": "new server"}
_PREVIEW: Final = 40


class Report:
    """Prints to a rich console. A context manager: the progress bars live inside it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._posts = self._progress.add_task("messages posted", start=False, visible=False)
        self._frames = self._progress.add_task("frames received", start=False, visible=False)
        self._published = 0
        self._received = 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def say(self, sentence: str, style: str = "") -> None:
        """A line of its own."""
        # Lines are never wrapped: who reads a log looks for whole ones.
        self._console.print(Text(sentence, style), soft_wrap=True)

    def load_is_known(self, messages: int, frames: int) -> None:
        """How many messages will be posted, and how many frames the fixed clients should get."""
        for task, total in ((self._posts, messages), (self._frames, frames)):
            self._progress.update(task, total=total, visible=True)
            self._progress.start_task(task)

    def posted(self) -> None:
        """One more message is posted."""
        self._published += 1
        self._progress.update(self._posts, completed=self._published)

    def received(self) -> None:
        """One more frame came to a fixed client."""
        self._received += 1
        self._progress.update(self._frames, completed=self._received)

    def phase_is_over(self) -> None:
        """Where things stand, for those who see no progress bars."""
        if self._progress.disable:
            self.say(f"  posted {self._published}, received {self._received}")

    def door_is_at(self, step: Step, *, moving: bool) -> None:
        """Where the front door's clients are, once they have moved."""
        clients = step.legacy + step.channels
        share = round(100 * step.channels / clients)
        moved = "moved to" if moving else "at"
        style = "bold" if step.as_set else "bold red"
        self.say(
            f"Front door {moved} {step.percent} %: {step.legacy} clients on the old server, "
            f"{step.channels} on the new ({share} %)",
            style,
        )

    def difference(self, found: FirstDifference) -> None:
        """The first difference in a room of a server, at once."""
        expected = "nothing" if found.expected is None else preview(found.expected)
        self.say(
            f"  DIFFERENCE on the {NAMES[found.server]}, room {found.room}, frame "
            f"{found.place + 1}: expected {expected}, got {preview(found.received)}",
            "red",
        )

    def ended(self, server: str, listener: Listener) -> None:
        """A server ended a socket that was to stay."""
        self.say(
            f"  CLOSED by the {NAMES.get(server, server)}: a client of room {listener.room} "
            f"({listener.ended}), after {len(listener.arrivals)} frames",
            "red",
        )

    def sabotage(self, outcome: SabotageOutcome) -> None:
        """What was broken on purpose, and what should come of it."""
        self.say(outcome.sentence, "bold yellow")

    def figures(self, figures: Figures) -> None:
        """The table and the verdict."""
        self._console.print(_table(figures))
        if figures.exit_code is ExitCode.DONE:
            self.say(
                "Every client got every frame exactly once, in order, the same bytes on both.",
                "bold green",
            )
        else:
            self.say(f"NOT THE SAME: {_shortcomings(figures)}.", "bold red")


def preview(payload: bytes) -> str:
    """The beginning of what a frame of the demo's own says, in one line, without control
    characters."""
    try:
        said = str(json.loads(payload)["message"])
    except (ValueError, TypeError, KeyError):
        said = payload.decode("utf-8", "replace")
    shown = said if len(said) <= _PREVIEW else f"{said[:_PREVIEW]}…"
    return "“" + "".join(sign if sign.isprintable() else "·" for sign in shown) + "”"


def _table(figures: Figures) -> Table:
    table = Table(title=f"Messages: {figures.published}, identical everywhere: {figures.identical}")
    table.add_column("")
    for heading in (*(NAMES[server] for server in SERVERS), "front door"):
        table.add_column(heading, justify="right")
    columns = [*(figures.servers[server] for server in SERVERS), figures.front_door]
    table.add_row("clients", *(str(column.clients) for column in columns))
    table.add_row("frames", *(str(column.delivered) for column in columns))
    table.add_row("identical", *([str(figures.identical)] * len(SERVERS)), "")
    for name in ("lost", "duplicated", "out_of_order", "mismatched"):
        table.add_row(name.replace("_", " "), *(_count(column, name) for column in columns))
    for name in ("p50", "p99"):
        times = [_milliseconds(figures.latency[server], name) for server in SERVERS]
        table.add_row(f"POST to frame, {name}", *times, "")
    return table


def _count(totals: Totals, name: str) -> Text:
    count = getattr(totals, name)
    return Text(str(count), "bold red" if count else "green")


def _milliseconds(latency: Latency, name: str) -> str:
    value = getattr(latency, name)
    return "no frame" if value is None else f"{value:.1f} ms"


def _shortcomings(figures: Figures) -> str:
    found = []
    for name, totals in (
        *((NAMES[server], figures.servers[server]) for server in SERVERS),
        ("front door", figures.front_door),
    ):
        counts = (
            f"{getattr(totals, kind)} {kind.replace('_', ' ')}"
            for kind in ("lost", "duplicated", "out_of_order", "mismatched")
            if getattr(totals, kind)
        )
        if not totals.clean:
            found.append(f"{name}: {', '.join(counts)}")
    found += [
        f"the front door was set to {step.percent} % and its clients were elsewhere"
        for step in figures.steps
        if not step.as_set
    ]
    return "; ".join(found) or "nothing to judge by"
