"""What a rehearsal prints: a line for each step as it goes, and the ledger at the end."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dev_stack.rehearsal.figures import Figures
from dev_stack.rehearsal.step_figures import WRONG, StepFigures, latency_ms

_COLUMNS = {
    "published": "sent",
    "received": "came",
    "lost": "lost",
    "duplicated": "twice",
    "out_of_order": "order",
    "mismatched": "differ",
    "in_gaps": "in gaps",
    "cut_off": "cut off",
}
_LEAST_WIDTH = 120
"""Of the table where it goes to a file, which nobody can make wider."""


class Report:
    """Prints to a rich console. Lines are never wrapped: who reads a log looks for whole ones."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, sentence: str, style: str = "") -> None:
        """A line of its own."""
        if sentence.lstrip().startswith("FAULT"):
            style = "yellow"
        self._console.print(Text(sentence, style), soft_wrap=True)

    def figures(self, figures: Figures) -> None:
        """The ledger and the verdict."""
        console = self._console
        if not console.is_terminal:
            console = Console(file=console.file, width=max(console.width, _LEAST_WIDTH))
        console.print(_table(figures))
        self.say(
            "  ms: the latency from notify() to the frame, p50/p99, by the server that sent it"
        )
        for said in figures.switches:
            self.say(f"  backend switch: {said}")
        if figures.why_not:
            self.say("DID NOT HOLD:", "bold red")
            for sentence in figures.why_not:
                self.say(f"  {sentence}", "red")
            for example in figures.worst[:5]:
                self.say(f"    {example}")
        else:
            self.say(
                f"All held: {figures.clients} clients, "
                f"{figures.total.counts['received']:,} frames, "
                "none lost, doubled, out of order or different.",
                "bold green",
            )


def _table(figures: Figures) -> Table:
    table = Table(title=f"Scenario: {figures.scenario}")
    table.add_column("step", no_wrap=True)
    for heading in (*_COLUMNS.values(), "gaps", "longest", "old ms", "new ms"):
        table.add_column(heading, justify="right")
    for step in figures.steps:
        table.add_row(*_row(step))
    total = figures.total
    table.add_section()
    table.add_row(
        "all",
        *(_count(name, total.counts[name]) for name in _COLUMNS),
        str(figures.gaps.count),
        f"{figures.gaps.longest_s:.2f} s",
        *_latencies(latency_ms(total)),
    )
    return table


def _row(step: StepFigures) -> list[str | Text]:
    return [
        Text(step.taken.step.name + (" *" if step.faults else "")),
        *(_count(name, step.ledger.counts[name]) for name in _COLUMNS),
        str(step.gaps.count) if step.gaps.count else "",
        f"{step.gaps.longest_s:.2f} s" if step.gaps.count else "",
        *_latencies(latency_ms(step.ledger)),
    ]


def _count(name: str, count: int) -> Text:
    if name in WRONG:
        return Text(str(count), "bold red" if count else "green")
    return Text(str(count) if count or name in {"published", "received"} else "")


def _latencies(found: dict[str, dict[str, float | None]]) -> list[str]:
    return [
        "" if times["p50"] is None else f"{times['p50']:.0f}/{times['p99']:.0f}"
        for times in found.values()
    ]
