"""The timeline of a rehearsal, as a picture: who was where, what came, how late, what befell."""

from __future__ import annotations

import html
import io
import math
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

from dev_stack.files import write_atomically
from dev_stack.rehearsal.figures import Figures
from dev_stack.rehearsal.records import CHANNELS, LEGACY
from dev_stack.rehearsal.run import Seen
from dev_stack.rehearsal.step_figures import WRONG
from wsmigrate.errors import ConfigError

SUFFIXES: Final = (".html", ".png")
_COLOURS: Final = {LEGACY: "#b5651d", CHANNELS: "#2a6f97", "away": "#c1121f"}
_NAMES: Final = {LEGACY: "old server", CHANNELS: "new server", "away": "away"}
_BIN_S = 1.0

_PAGE = """\
<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Rehearsal of a cutover</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 84rem }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums }}
td, th {{ padding: .15rem .6rem; text-align: right; border-bottom: 1px solid #ddd }}
td:first-child, th:first-child {{ text-align: left }}
.wrong {{ color: #c1121f; font-weight: bold }}
svg {{ max-width: 100%; height: auto }}
</style>
<h1>Rehearsal: {scenario}</h1>
<p>{verdict}</p>
{svg}
<table><tr>{headings}</tr>{rows}</table>
</html>
"""
_HEADINGS = (
    *("published", "received", "lost", "duplicated", "out_of_order", "mismatched"),
    *("in_gaps", "cut_off", "refused"),
)


def write_timeline(path: Path, seen: Seen, figures: Figures) -> None:
    """Write it: a PNG, or one HTML file with the ledger below. Raises ConfigError."""
    try:
        if path.suffix == ".png":
            path.write_bytes(_drawn(seen, figures, "png"))
        else:
            write_atomically(path, _page(seen, figures))
    except OSError as error:
        raise ConfigError(f"--timeline {path} cannot be written: {error.strerror}.") from error


def sockets_over_time(seen: Seen) -> tuple[list[float], dict[str, list[int]]]:
    """At each second since the load began: how many clients were on each server, and away."""
    end = max(step.ended for step in seen.steps)
    times = [second * _BIN_S for second in range(math.ceil((end - seen.began) / _BIN_S) + 1)]
    counts = {name: [0] * len(times) for name in _COLOURS}

    def count(name: str, since: float, until: float) -> None:
        first = max(0, math.ceil((since - seen.began) / _BIN_S))
        last = min(len(times), math.ceil((until - seen.began) / _BIN_S))
        for place in range(first, last):
            counts[name][place] += 1

    for client in seen.clients:
        for number, session in enumerate(client.sessions):
            closed = session.closed or math.inf
            count(session.server, session.opened, min(closed, end + 1))
            if session.closed is not None:
                following = client.sessions[number + 1 : number + 2]
                count("away", closed, following[0].opened if following else end + 1)
    return times, counts


def _latencies(seen: Seen) -> dict[str, tuple[list[float], list[float]]]:
    """By server: seconds since the load began, and the p99 of the frames of that second, in ms."""
    begins = {message.key: message.begin for message in seen.messages}
    bins: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for client in seen.clients:
        for session in client.sessions:
            for frame in session.frames:
                if frame.key in begins:
                    begin = begins[frame.key]
                    place = int((begin - seen.began) / _BIN_S)
                    bins[session.server][place].append((frame.at - begin) * 1000)
    found = {}
    for server, by_place in bins.items():
        places = sorted(by_place)
        p99 = [sorted(by_place[at])[math.ceil(len(by_place[at]) * 0.99) - 1] for at in places]
        found[server] = ([at * _BIN_S for at in places], p99)
    return found


def _frames(seen: Seen) -> dict[str, tuple[list[float], list[int]]]:
    bins: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for client in seen.clients:
        for session in client.sessions:
            for frame in session.frames:
                bins[session.server][int((frame.at - seen.began) / _BIN_S)] += 1
    last = max((place for places in bins.values() for place in places), default=0)
    return {
        server: (
            [place * _BIN_S for place in range(last + 1)],
            [by_place[place] for place in range(last + 1)],
        )
        for server, by_place in bins.items()
    }


def _drawn(seen: Seen, figures: Figures, kind: str) -> bytes:
    from matplotlib.figure import Figure  # noqa: PLC0415 - takes a second to import

    figure = Figure(figsize=(15, 8.5), layout="constrained")
    sockets, frames, latency = figure.subplots(3, 1, sharex=True, height_ratios=(3, 2, 2))
    times, counts = sockets_over_time(seen)
    sockets.stackplot(
        times,
        *counts.values(),
        labels=[_NAMES[name] for name in counts],
        colors=[_COLOURS[name] for name in counts],
        step="post",
    )
    sockets.set_ylabel("clients")
    sockets.legend(loc="lower left", ncols=3, framealpha=0.9)
    for server, (at, count) in sorted(_frames(seen).items()):
        frames.plot(at, count, color=_COLOURS.get(server, "#888"), drawstyle="steps-post")
    frames.set_ylabel("frames a second")
    for server, (at, p99) in sorted(_latencies(seen).items()):
        latency.plot(at, p99, ".", markersize=3, color=_COLOURS.get(server, "#888"))
    latency.set_yscale("log")
    latency.set_ylabel("latency p99 (ms)")
    latency.set_xlabel("seconds since the load began")
    latency.set_xlim(0, times[-1])
    _mark_steps((sockets, frames, latency), seen)
    figure.suptitle(figures.scenario, fontsize=13)
    out = io.BytesIO()
    figure.savefig(out, format=kind, dpi=110)
    return out.getvalue()


def _mark_steps(axes: tuple[Any, ...], seen: Seen) -> None:
    for taken in seen.steps:
        began, done = taken.began - seen.began, taken.done - seen.began
        colour = "#7209b7" if taken.step.back else "#555555"
        for axis in axes:
            axis.axvspan(began, done, color=colour, alpha=0.10, linewidth=0)
            axis.axvline(began, color=colour, linewidth=0.6)
        axes[0].annotate(
            taken.step.name,
            ((began + done) / 2, 1.01),
            xycoords=("data", "axes fraction"),
            rotation=60,
            fontsize=8,
            color=colour,
            va="bottom",
            ha="left",
        )
    for one in seen.happened:
        for axis in axes:
            axis.axvline(one.at - seen.began, color="#e09f00", linewidth=1.2, linestyle="--")
        axes[1].annotate(
            f"{one.fault.deed.value} {one.fault.what}".strip(),
            (one.at - seen.began, 0.98),
            xycoords=("data", "axes fraction"),
            rotation=90,
            fontsize=7,
            color="#8a6100",
            va="top",
            ha="right",
        )


def _page(seen: Seen, figures: Figures) -> str:
    svg = _drawn(seen, figures, "svg").decode("utf-8")
    rows = "".join(
        f"<tr><td>{html.escape(step.taken.step.name)}</td>"
        + "".join(_cell(name, step.ledger.counts[name]) for name in _HEADINGS)
        + f"<td>{step.gaps.count}</td><td>{step.gaps.longest_s:.2f}</td>"
        + f"<td>{html.escape(', '.join(step.faults))}</td></tr>"
        for step in figures.steps
    )
    names = ("step", *_HEADINGS, "gaps", "longest (s)", "faults")
    verdict = (
        "Did not hold: " + "; ".join(figures.why_not)
        if figures.why_not
        else f"All held, for {figures.clients} clients."
    )
    return _PAGE.format(
        scenario=html.escape(figures.scenario),
        verdict=html.escape(verdict),
        svg=svg[svg.index("<svg") :],
        headings="".join(f"<th>{name.replace('_', ' ')}</th>" for name in names),
        rows=rows,
    )


def _cell(name: str, count: int) -> str:
    wrong = name in WRONG and count
    return f'<td class="wrong">{count}</td>' if wrong else f"<td>{count}</td>"
