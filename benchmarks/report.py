"""What a run prints: a line for each row as it is done, a table, and the targets."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks.figures import LIMIT, PARTS, Ratio, Round, Row, Target

_BUSY_CORES = 0.2
_HEADINGS = (
    "frames\n/s",
    "of\nlimit",
    "frames\n/CPU-s",
    "p50\nms",
    "p99\nms",
    "KiB/\nsocket",
    "conn.\n/s",
    "amiss",
)


def line_of_round(one: Round) -> str:
    """A round in one line."""
    name = f"{one.server}, rooms of {one.room_size}, round {one.number + 1}"
    if one.failure is not None:
        return f"{name}: could not be measured ({one.failure})"
    return f"{name}: {one.frames_per_s:,.0f} frames/s, p50 {_milliseconds(one.p50_ms)}"


def print_rows(console: Console, rows: Sequence[Row], ratios: Sequence[Ratio]) -> None:
    """The table: one row for each server and room size, a section for each room size."""
    table = Table(title="Fan-out at saturation, latencies at a fixed rate")
    table.add_column("", no_wrap=True)
    for heading in _HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    for size in dict.fromkeys(row.room_size for row in rows):
        table.add_row(Text(f"rooms of {size}", "bold"))
        of_size = [row for row in rows if row.room_size == size]
        for row in of_size:
            table.add_row(*_cells(row, ratios), end_section=row is of_size[-1])
    console.print(table)
    console.print(_cpu_table(rows))
    for row in rows:
        for remark in _remarks(row):
            console.print(Text(f"{row.server}, rooms of {row.room_size}: {remark}"), style="yellow")


def print_targets(console: Console, targets: Sequence[Target]) -> None:
    """Which targets are met."""
    for target in targets:
        ratio = target.ratio
        what = f"rooms of {ratio.room_size}: {target.at_least:g} times {ratio.of}"
        if ratio.frames_per_s is None:
            console.print(Text(f"{what}: no figure to judge by", "yellow"))
        elif target.met:
            console.print(Text(f"{what}: reached, {ratio.frames_per_s:.2f}", "green"))
        else:
            console.print(Text(f"{what}: MISSED, {ratio.frames_per_s:.2f}", "bold red"))


def _cpu_table(rows: Sequence[Row]) -> Table:
    """Who used the machine for a frame: on few cores a client or a store slows down its server."""
    table = Table(title="Microseconds of CPU for each frame")
    for heading in ("room of", "server"):
        table.add_column(heading, no_wrap=True)
    for part in PARTS:
        table.add_column(f"in the {part}", justify="right")
    sizes = [row.room_size for row in rows]
    for row, following in zip(rows, [*sizes[1:], None], strict=True):
        cells = (_tenth(row.cpu_us_per_frame(part)) for part in PARTS)
        last = following != row.room_size
        table.add_row(str(row.room_size), row.server, *cells, end_section=last)
    return table


def _cells(row: Row, ratios: Sequence[Ratio]) -> list[Text]:
    share = next(
        (
            ratio.frames_per_s
            for ratio in ratios
            if (ratio.server, ratio.of, ratio.room_size) == (row.server, LIMIT, row.room_size)
        ),
        None,
    )
    amiss = row.lost + row.duplicated + row.out_of_order
    style = "" if row.void is None else "dim strike"
    return [
        Text(f"  {row.server}", "bold" if row.server == "wsmigrate" else ""),
        Text(_whole(row.frames_per_s), style),
        Text("" if share is None else f"{share:.2f}"),
        Text(_whole(row.frames_per_server_cpu_s), style),
        Text(_milliseconds(row.p50_ms, unit="")),
        Text(_milliseconds(row.p99_ms, unit="")),
        Text(_whole(row.rss_per_socket_kib)),
        Text(_whole(row.connects_per_s)),
        Text(str(amiss), "bold red" if amiss else "green"),
    ]


def _remarks(row: Row) -> list[str]:
    found = []
    if row.void is not None:
        found.append(f"void, {row.void}")
    if not row.clean:
        found.append(
            f"{row.lost} frames lost, {row.duplicated} duplicated, {row.out_of_order} out of"
            f" order, {row.closed} sockets closed{', delivery stopped' if row.stalled else ''}"
        )
    if (row.foreign_cpu or 0) > _BUSY_CORES:
        found.append(f"other programs used {row.foreign_cpu:.2f} of a core meanwhile")
    return found


def _whole(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def _tenth(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _milliseconds(value: float | None, unit: str = " ms") -> str:
    return "-" if value is None else f"{value:.1f}{unit}"
