"""`wsmigrate run --plan`, as a process of its own, on real services."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cutover_site import NO_GATES, Operator
from project import SITE, Project, wait_until
from wsmigrate.rungs import Stage


@dataclass
class Desk:
    """A project with a front door of commands, whose only gate says what a file says: 0, 1 or 2."""

    project: Project
    operator: Operator
    folder: Path
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        share = self.folder / "share"
        share.write_text("0")
        self.gate_says(0)
        python = json.dumps(sys.executable)
        read = (
            f"import pathlib, sys; sys.exit(int(pathlib.Path({str(self._verdict)!r}).read_text()))"
        )
        (self.folder / "wsmigrate.toml").write_text(
            f"""
[cutover]
percentages = [50, 100]
relayed_within_s = 30

[front_door]
kind = "command"
get = ["cat", "{share}"]
set = [{python}, "-c", "open({str(share)!r}, 'w').write('{{percent}}')"]

{NO_GATES}
[[gates.commands]]
name = "verdict"
command = [{python}, "-c", {json.dumps(read)}]
stages = {json.dumps([stage.value for stage in Stage])}
"""
        )

    def gate_says(self, exit_code: int) -> None:
        self._verdict.write_text(str(exit_code))

    def plan(self, text: str) -> Path:
        path = self.folder / "plan.toml"
        path.write_text(text)
        return path

    def program(self, name: str, exit_code: int = 0) -> list[str]:
        """A program that notes that it was run, with the step."""
        path = self.folder / name
        path.write_text(
            f'#!/bin/sh\necho "{name} $WSMIGRATE_FROM:$WSMIGRATE_TO" >> {self.folder}/programs\n'
            f"echo no luck >&2\nexit {exit_code}\n"
        )
        path.chmod(0o755)
        return [str(path)]

    def programs_run(self) -> list[str]:
        return (self.folder / "programs").read_text().splitlines()

    def words(self, *words: str) -> tuple[str, ...]:
        return (*words, "--config", str(self.folder / "wsmigrate.toml"))

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.operator.run(*self.words(*words))

    def start(self, plan: Path, *more: str, **streams: Any) -> subprocess.Popen[bytes]:
        words = self.words("run", "--plan", str(plan), "--execute", *more)
        process = subprocess.Popen(
            [sys.executable, "-m", "migrate_cli", *words],
            cwd=SITE,
            env=self.project.environment,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, **streams},
        )
        self.running.append(process)
        return process

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return found

    def run_record(self) -> dict[str, Any]:
        """Where the run stands, as it is written down: asked often, and without a command."""
        ((record,),) = self.project.execute("SELECT record FROM wsmigrate_run")
        found: dict[str, Any] = record
        return found

    def machine(self) -> dict[str, Any]:
        ((record,),) = self.project.execute("SELECT machine FROM wsmigrate_state")
        found: dict[str, Any] = record
        return found

    def phase(self) -> str:
        return str(self.run_record().get("phase", ""))

    def baked_s(self) -> float:
        return float(self.run_record()["baked_s"])

    def wait_for(self, phase: str) -> None:
        wait_until(lambda: self.phase() == phase, lambda: str(self.run_record()))

    def wait_until_paused(self, paused: bool = True) -> None:
        wait_until(lambda: self.machine().get("paused") is paused, lambda: str(self.run_record()))

    @property
    def _verdict(self) -> Path:
        return self.folder / "verdict"


@pytest.fixture
def desk(project: Project, operator: Operator, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(project, operator, tmp_path)
    yield made
    for process in made.running:
        if process.poll() is None:
            process.kill()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


def ended(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    output, _ = process.communicate(timeout=120)
    return process.returncode, output.decode()


def test_a_plan_is_followed_to_its_end_with_its_programs(desk: Desk) -> None:
    desk.project.start_bridge()
    plan = desk.plan(
        f"""
        [plan]
        name = "autumn"
        [[steps]]
        to = "door"
        bake = "1s"
        before = {json.dumps(desk.program("announce"))}
        after = {json.dumps(desk.program("measure"))}
        [[steps]]
        to = "canary 50"
        """
    )
    dry = desk.run("run", "--plan", str(plan))
    assert (dry.returncode, "watch it for 1s" in dry.stdout) == (0, True), dry.stderr
    assert "   shadow: start the bridge" in dry.stdout
    assert "   canary 50: send 50 % of the rooms to the new server" in dry.stdout
    assert desk.status()["rung"] == "legacy"
    code, output = ended(desk.start(plan, "--json"))
    assert code == 0, output
    events = [json.loads(line) for line in output.splitlines()]
    assert events[-1]["event"] == "ended"
    assert {"step", "say", "gate", "bake"} <= {event["event"] for event in events}
    assert desk.status()["rung"] == "canary 50"
    assert desk.phase() == "done"
    assert desk.programs_run() == ["announce legacy:door", "measure legacy:door"]
    history = json.loads(desk.run("history", "--json").stdout)
    assert "run-begun" in {entry["event"] for entry in history}
    again, said = ended(desk.start(plan))
    assert (again, "is reached already" in said) == (0, True), said


def test_a_gate_that_fails_in_a_bake_rolls_back(desk: Desk) -> None:
    plan = desk.plan('[plan]\ncheck_every = 1\n[[steps]]\nto = "door"\nbake = "5m"\n')
    process = desk.start(plan)
    desk.wait_for("bake")
    desk.gate_says(1)
    code, output = ended(process)
    assert code == 3, output
    assert "rolling back to legacy" in output
    status = desk.status()
    assert (status["rung"], status["run"]["phase"]) == ("legacy", "failed")
    assert "The gates do not let it pass" in status["run"]["why"]


@pytest.mark.long
def test_a_program_that_fails_after_a_step_rolls_back_to_where_the_plan_says(desk: Desk) -> None:
    desk.run("advance", "--execute")
    desk.project.start_bridge()
    plan = desk.plan(
        f"""
        [[steps]]
        to = "shadow"
        rollback_to = "legacy"
        after = {json.dumps(desk.program("measure", exit_code=4))}
        """
    )
    code, output = ended(desk.start(plan))
    assert code == 3, output
    assert "ended with exit code 4: no luck" in output
    assert desk.status()["rung"] == "legacy"


@pytest.mark.long
def test_a_program_that_fails_before_a_step_leaves_all_as_it_is(desk: Desk) -> None:
    failing = json.dumps(desk.program("announce", exit_code=1))
    plan = desk.plan(f'[[steps]]\nto = "door"\nbefore = {failing}\n')
    code, output = ended(desk.start(plan))
    assert code == 1, output
    assert "The cutover stands at 'legacy'" in output


@pytest.mark.long
def test_a_step_that_fails_is_undone(desk: Desk) -> None:
    path = desk.folder / "wsmigrate.toml"
    path.write_text(path.read_text().replace("relayed_within_s = 30", "relayed_within_s = 1"))
    plan = desk.plan('[[steps]]\nto = "door"\n[[steps]]\nto = "shadow"\n')  # and no bridge runs
    code, output = ended(desk.start(plan))
    assert code == 3, output
    assert "nothing relays" in output
    status = desk.status()
    assert (status["rung"], status["goal"], status["run"]["phase"]) == ("door", None, "failed")


def test_where_gates_do_not_know_it_pauses_until_somebody_resumes_it(desk: Desk) -> None:
    desk.gate_says(2)
    process = desk.start(desk.plan('[[steps]]\nto = "door"\n'))
    desk.wait_until_paused()
    assert "The gates do not know" in desk.run("history", "--json").stdout
    asked = desk.run("resume", "--execute", "--accept-inconclusive", "a quiet site")
    assert "was asked: accept" in asked.stdout, asked.stderr
    desk.wait_for("bake")
    desk.wait_until_paused()  # the gates of what comes next do not know either
    desk.gate_says(0)
    desk.run("resume", "--execute")
    code, output = ended(process)
    assert code == 0, output
    assert "a quiet site" in desk.run("history", "--json").stdout


@pytest.mark.long
def test_pause_resume_and_abort_act_on_a_bake(desk: Desk) -> None:
    process = desk.start(desk.plan('[[steps]]\nto = "door"\nbake = "1h"\n'))
    desk.wait_for("bake")
    desk.run("pause", "--execute", "--why", "lunch")
    desk.wait_until_paused()
    wait_until(lambda: desk.run_record()["baked_s"] > 0)
    baked = desk.baked_s()
    assert "lunch" in desk.run("history", "--json").stdout
    assert desk.baked_s() == baked
    desk.run("resume", "--execute")
    wait_until(lambda: desk.baked_s() > baked)
    desk.run("abort", "--execute", "--why", "another day")
    code, output = ended(process)
    assert code == 1, output
    assert "another day" in output
    status = desk.status()
    assert (status["rung"], status["paused"], status["run"]["phase"]) == ("door", False, "aborted")


def test_after_a_kill_it_goes_on_where_it_was(desk: Desk) -> None:
    announce = json.dumps(desk.program("announce"))
    plan = desk.plan(f'[[steps]]\nto = "door"\nbake = "6s"\nbefore = {announce}\n')
    process = desk.start(plan)
    desk.wait_for("bake")
    wait_until(lambda: desk.baked_s() > 1)
    process.kill()
    process.wait(10)
    run = desk.status()["run"]
    left = run["bake_left_s"]
    assert (run["cut_off"], left) == (True, 6 - round(desk.baked_s(), 1))
    assert "go on with `wsmigrate resume --execute`" in desk.run("status").stdout
    other = desk.plan('[[steps]]\nto = "shadow"\n')
    refused = desk.run("run", "--plan", str(other), "--execute")
    assert (refused.returncode, "Another plan is under way" in refused.stderr) == (1, True)
    resumed = desk.run("resume", "--execute", "--json")
    assert resumed.returncode == 0, resumed.stderr + resumed.stdout
    bakes = [json.loads(line) for line in resumed.stdout.splitlines()]
    first = next(event for event in bakes if event["event"] == "bake")
    assert 0 < first["bake_left_s"] <= left
    assert desk.programs_run() == ["announce legacy:door"]
    assert (desk.status()["rung"], desk.phase()) == ("door", "done")


@pytest.mark.long
def test_whoever_goes_back_by_hand_ends_a_plan_that_was_cut_off(desk: Desk) -> None:
    process = desk.start(desk.plan('[[steps]]\nto = "door"\nbake = "1h"\n'))
    desk.wait_for("bake")
    process.kill()
    process.wait(10)
    desk.run("rollback", "--execute")
    assert (desk.status()["rung"], desk.phase()) == ("legacy", "aborted")
    assert desk.run("resume", "--execute").returncode == 1


def test_a_lost_terminal_and_closed_pipes_end_nothing(desk: Desk) -> None:
    """The process leads the session of a terminal that is hung up, in the middle of a bake."""
    ours, theirs = pty.openpty()
    streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs, "start_new_session": True}
    plan = desk.plan('[plan]\ncheck_every = 1\n[[steps]]\nto = "door"\nbake = "4s"\n')
    process = desk.start(plan, **streams)
    os.close(theirs)
    desk.wait_for("bake")
    os.close(ours)
    process.send_signal(signal.SIGHUP)
    assert process.wait(60) == 0
    assert (desk.status()["rung"], desk.phase()) == ("door", "done")


@pytest.mark.long
def test_a_reader_that_is_gone_ends_nothing_and_the_exit_code_is_right(desk: Desk) -> None:
    process = desk.start(
        desk.plan('[plan]\ncheck_every = 1\n[[steps]]\nto = "door"\nbake = "5m"\n')
    )
    desk.wait_for("bake")
    assert process.stdout is not None
    process.stdout.close()
    desk.gate_says(1)
    assert process.wait(60) == 3
    assert desk.status()["rung"] == "legacy"


@pytest.mark.long
def test_told_to_end_it_leaves_the_plan_where_it_is(desk: Desk) -> None:
    process = desk.start(desk.plan('[[steps]]\nto = "door"\nbake = "1h"\n'))
    desk.wait_for("bake")
    process.terminate()
    code, output = ended(process)
    assert code == 2, output
    assert "Go on with: wsmigrate resume --execute." in output
    status = desk.status()
    assert (status["operator"], status["run"]["phase"]) == (None, "bake")
    desk.run("abort", "--execute")
    assert (desk.status()["rung"], desk.phase()) == ("door", "aborted")


def test_past_a_plan_that_was_cut_off_nobody_goes_on_by_hand(desk: Desk) -> None:
    process = desk.start(desk.plan('[[steps]]\nto = "door"\nbake = "1h"\n'))
    desk.wait_for("bake")
    process.kill()
    process.wait(10)
    for words in (("advance", "--execute"), ("advance",), ("notify", "set", "both", "--execute")):
        refused = desk.run(*words)
        assert refused.returncode == 1, refused.stdout
        assert "A plan is under way (step 1 of 1, door)." in refused.stderr
    assert desk.status()["rung"] == "door"
    assert desk.run("rollback", "--execute").returncode == 0
    assert (desk.status()["rung"], desk.phase()) == ("legacy", "aborted")


def test_a_plan_with_a_mistake_is_refused_in_a_sentence(desk: Desk) -> None:
    plan = desk.plan('[[steps]]\nto = "heaven"')
    refused = desk.run("run", "--plan", str(plan), "--execute")
    assert refused.returncode == 2
    assert "step 1: to is 'heaven'" in refused.stderr
    assert "Traceback" not in refused.stderr
