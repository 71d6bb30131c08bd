"""``wsmigrate rehearse`` on the real stack, as a user starts it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dev_stack.rehearsal.scenario import shipped
from dev_stack.services.haproxy import installed_program as installed_haproxy
from dev_stack.services.rabbitmq import installed_programs as installed_rabbitmq
from private_services import unavailable

SMALL = """
[load]
rooms = 5
clients = 15
rate = 15
publishers = 1
late_clients = 5
[course]
percentages = [50]
rollbacks = "none"
dwell_s = 1
[drain]
workers = 2
[gates]
window_s = 1
"""
TWO_FAULTS = """
name = "the bridge and an operator's command are killed"
[[fault]]
at = "canary"
do = "kill"
what = "bridge"
[[fault]]
at = "direct both"
moment = "command"
command = "publish-to"
do = "kill"
what = "operator"
[limits]
# The machine of a test may be busy: what is judged here is the ledger.
gaps_per_step = 5
longest_gap_s = 120.0
under_way_s = 10.0
"""
AT_MOST_S = 1500


@pytest.fixture
def folder() -> Iterator[Path]:
    """Like tmp_path, with a name that is short enough for the paths of Unix sockets."""
    with tempfile.TemporaryDirectory(prefix="wsm-") as name:
        Path(name).chmod(0o711)  # PostgreSQL does not run as root and has to get through
        yield Path(name)


@pytest.fixture
def needs_the_stack() -> None:
    if installed_rabbitmq() is None:
        unavailable("RabbitMQ")
    if installed_haproxy() is None:
        unavailable("HAProxy")


def rehearse(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "migrate_cli", "rehearse", *words],
        env={**os.environ, "TMPDIR": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=AT_MOST_S,
    )


def rehearsed(folder: Path, *words: str) -> dict[str, Any]:
    """The figures of one that held."""
    figures = folder / "figures.json"
    ended = rehearse(
        folder, *words, "--json", str(figures), "--timeline", str(folder / "timeline.html")
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found: dict[str, Any] = json.loads(figures.read_text("utf-8"))
    assert "All held" in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr
    return found


@pytest.mark.usefixtures("needs_the_stack")
def test_a_short_rehearsal_with_two_faults_holds_and_says_all(folder: Path) -> None:
    load, scenario = folder / "load.toml", folder / "faults.toml"
    load.write_text(SMALL, encoding="utf-8")
    scenario.write_text(TWO_FAULTS, encoding="utf-8")
    figures = rehearsed(folder, "--load", load.name, "--scenario", scenario.name, "--logs", "parts")
    assert (folder / "parts" / "crowd.log").read_text("utf-8").startswith("o ")
    assert [stage["step"] for stage in figures["stages"]] == [
        *("door", "shadow", "canary 50", "drain", "direct both", "direct channels", "retired"),
        "back to legacy",
    ]
    assert [figures[name] for name in ("lost", "duplicated", "out_of_order", "mismatched")] == [
        0
    ] * 4
    assert figures["published"] > 100
    assert figures["delivered"] > figures["published"]
    for server in ("legacy", "channels"):
        assert figures["servers"][server]["delivered"] > 0
        assert 0 < figures["latency_ms"][server]["p50"] <= figures["latency_ms"][server]["p99"]
    # Everybody moved to the new server once, and back, and nothing else closed anybody.
    by_step = {stage["step"]: stage for stage in figures["stages"]}
    assert by_step["retired"]["clients"] == {"legacy": 0, "channels": 24, "away": 0}
    assert by_step["back to legacy"]["clients"] == {"legacy": 29, "channels": 0, "away": 0}
    assert figures["gaps"]["frames"] == figures["in_gaps"] > 0
    assert {stage["step"] for stage in figures["stages"] if stage["gaps"]["count"]} == {
        *("drain", "back to legacy")
    }
    assert by_step["canary 50"]["faults"] == ["kill bridge"]
    assert by_step["direct both"]["faults"] == ["kill operator at publish-to"]
    statuses = [command["status"] for command in by_step["direct both"]["commands"]]
    assert statuses == [-9, 0]
    timeline = (folder / "timeline.html").read_text("utf-8")
    assert timeline.count("<svg") == 1
    assert re.findall(r'(?:src|href)="(?!#)[^"]*"', timeline) == []  # it needs no other file


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--scenario", "no-such-thing"), "no-such-thing"),
        (("--load", "/nowhere.toml"), "/nowhere.toml"),
        (("--recording", "/nowhere.jsonl"), "/nowhere.jsonl"),
        (("--timeline", "plot.jpeg"), "plot.jpeg"),
        (("--json", "/proc/none/figures.json"), "/proc/none/figures.json"),
        (("--logs", "/proc/none"), "/proc/none"),
        (("--load", "a", "--recording", "b"), "--recording"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_started(
    folder: Path, words: tuple[str, ...], named: str
) -> None:
    ended = rehearse(folder, *words)
    assert ended.returncode == 2
    assert named in ended.stderr
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr


def test_a_fault_that_the_course_has_no_step_for_is_refused(folder: Path) -> None:
    load = folder / "load.toml"
    load.write_text("[course]\nrollbacks = 'none'\n", encoding="utf-8")
    ended = rehearse(folder, "--load", str(load), "--scenario", "postgres-connections-ended")
    assert ended.returncode == 2
    assert "finds no occasion" in ended.stderr


def test_the_scenarios_that_come_with_it_are_listed(folder: Path) -> None:
    listed = rehearse(folder, "--scenarios")
    assert listed.returncode == 0
    assert [line.split()[0] for line in listed.stdout.splitlines()] == list(shipped())


@pytest.mark.long
@pytest.mark.usefixtures("needs_the_stack")
def test_the_usual_rehearsal_holds(folder: Path) -> None:
    figures = rehearsed(folder)
    assert figures["clients"] >= 500
    assert figures["gaps"]["longest_s"] <= 6


@pytest.mark.long
@pytest.mark.usefixtures("needs_the_stack")
@pytest.mark.parametrize("scenario", sorted(shipped()))
def test_the_usual_rehearsal_holds_with_each_scenario(folder: Path, scenario: str) -> None:
    figures = rehearsed(folder, "--scenario", scenario)
    assert any(stage.get("faults") for stage in figures["stages"])
