"""The plot of a run. ``python -m benchmarks.plot FIGURES.json PLOT.svg`` draws one again."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

_COLOURS = {
    "limit": "#9aa5b1",
    "wsmigrate": "#0b7a75",
    "redis": "#d1495b",
    "legacy": "#8d6a9f",
    "stock": "#edae49",
}
_PANELS = (
    ("frames_per_s", "frames per second at saturation"),
    ("frames_per_server_cpu_s", "frames per second of the server's CPU"),
    ("p99_ms", "99 % of frames arrive within … ms, at a fixed rate"),
    ("rss_per_socket_kib", "KiB of memory per idle socket"),
)


def write_plot(figures: dict[str, Any], path: Path) -> None:
    """Draw the rows of a figures file; the name's ending says in which format."""
    import matplotlib as mpl  # noqa: PLC0415 - a second that a run without a plot need not wait for

    mpl.use("agg")
    # Text stays text, and the same figures make the same file.
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "wsmigrate", "font.size": 9})
    from matplotlib import pyplot  # noqa: PLC0415

    plot, panels = pyplot.subplots(2, 2, figsize=(11, 7), layout="constrained")
    for panel, (key, title) in zip(panels.flat, _PANELS, strict=True):
        _draw(panel, figures["rows"], key, title)
    handles, labels = panels.flat[0].get_legend_handles_labels()
    plot.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False)
    metadata = {"Date": None} if path.suffix == ".svg" else None
    plot.savefig(path, metadata=metadata)
    pyplot.close(plot)


def _draw(panel: Any, rows: list[dict[str, Any]], key: str, title: str) -> None:
    sizes = sorted({row["room_size"] for row in rows})
    servers = [name for name in _COLOURS if any(row["server"] == name for row in rows)]
    width = 0.8 / max(1, len(servers))
    for place, server in enumerate(servers):
        of_size = {row["room_size"]: row for row in rows if row["server"] == server}
        heights = [of_size[size][key] or 0 if size in of_size else 0 for size in sizes]
        void = [bool(size in of_size and of_size[size]["void"]) for size in sizes]
        bars = panel.bar(
            [index + (place - (len(servers) - 1) / 2) * width for index in range(len(sizes))],
            heights,
            width,
            label=server,
            color=_COLOURS[server],
        )
        for bar, is_void in zip(bars, void, strict=True):
            if is_void:
                bar.set(hatch="///", alpha=0.4)
    panel.set_yscale("linear" if key == "rss_per_socket_kib" else "log")
    panel.set_title(title, fontsize=10)
    panel.set_xticks(range(len(sizes)), [f"rooms of {size}" for size in sizes])
    panel.spines[["top", "right"]].set_visible(False)
    panel.grid(axis="y", alpha=0.3)
    panel.set_axisbelow(True)


if __name__ == "__main__":
    write_plot(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2]))
