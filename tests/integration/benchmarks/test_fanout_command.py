"""``python benchmarks/fanout.py`` with real servers, for a short moment each."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from project import ROOT

LIMIT_S = 240


def fanout(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "benchmarks/fanout.py", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )


def test_two_servers_are_measured_and_compared(tmp_path: Path) -> None:
    figures_file, plot = tmp_path / "figures.json", tmp_path / "plot.svg"
    done = fanout(
        *("--quick", "--servers", "stock,limit", "--room-sizes", "10"),
        *("--json", str(figures_file), "--plot", str(plot)),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(figures_file.read_text())
    rows = {row["server"]: row for row in figures["rows"]}
    assert set(rows) == {"stock", "limit"}
    for row in rows.values():
        assert row["room_size"] == 10
        assert row["frames_per_s"] > 0
        assert 0 < row["p50_ms"] <= row["p99_ms"]
        assert row["rss_per_socket_kib"] > 0
        assert row["connects_per_s"] > 0
        assert row["clean"], row
    ratios = {(ratio["server"], ratio["of"]): ratio for ratio in figures["ratios"]}
    assert ("stock", "limit") in ratios
    assert plot.read_text().startswith("<?xml")


def test_an_unknown_server_is_refused_in_one_sentence() -> None:
    done = fanout("--servers", "nginx")
    assert done.returncode == 2
    assert done.stderr.startswith("fanout: There is no server 'nginx'")
    assert "Traceback" not in done.stderr


def test_a_room_size_that_is_not_measured_is_refused() -> None:
    done = fanout("--room-sizes", "7")
    assert done.returncode == 2
    assert "Rooms of '7' are not measured" in done.stderr


def test_a_file_that_cannot_be_written_is_refused_before_anything_is_measured() -> None:
    done = fanout("--json", "/nowhere/figures.json")
    assert done.returncode == 2
    assert "/nowhere/figures.json" in done.stderr
    assert done.stdout == ""
