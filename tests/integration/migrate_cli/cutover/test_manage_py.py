"""The commands within the project's manage.py, which has loaded its settings already."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from cutover_site import NO_GATES, Operator
from project import Project


def test_a_step_and_its_refusal_as_with_wsmigrate_itself(
    project: Project, operator: Operator
) -> None:
    project.run("manage.py", "wsmigrate", "pause", "--execute", "--why", "lunch")
    assert operator.json("status")["paused"]
    status = json.loads(project.run("manage.py", "wsmigrate", "status", "--json").stdout)
    assert (status["rung"], status["paused"]) == ("legacy", True)
    refused = project.run("manage.py", "wsmigrate", "advance", check=False)
    assert refused.returncode == 1
    assert "the cutover is paused" in refused.stderr


def test_from_the_projects_own_code(project: Project) -> None:
    script = """
import django
django.setup()
from django.core.management import CommandError, call_command
call_command("wsmigrate", "pause", "--execute")
try:
    call_command("wsmigrate", "advance")
except CommandError as error:
    print(error.returncode)
"""
    assert project.run("-c", script).stdout.splitlines()[-1] == "1"


def test_settings_other_than_those_that_are_loaded_are_refused(
    project: Project, tmp_path: Path
) -> None:
    config = tmp_path / "wsmigrate.toml"
    config.write_text('[project]\nsettings = "another.settings"\n')
    words = ("manage.py", "wsmigrate", "status", "--config", str(config))
    refused = project.run(*words, check=False)
    assert refused.returncode == 2
    assert "'chatire.settings' are loaded already, and 'another.settings'" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_bridge_too_runs_within_it(project: Project) -> None:
    process = project.start("manage.py", "wsmigrate", "bridge", "run", log="managed")
    try:
        operator = Operator(project)
        toml = project.folder / "wsmigrate.toml"
        toml.write_text(
            NO_GATES
            + f'[front_door]\nkind = "command"\nget = ["echo", "0"]\nset = ["{sys.executable}"]\n'
        )
        words = ("--execute", "--accept-inconclusive", "no gate is asked", "--config", str(toml))
        operator.done("advance", *words)
        assert "every inbox" in operator.done("advance", *words)
        assert operator.json("status")["rung"] == "shadow"
    finally:
        process.terminate()
        assert process.wait(30) == 0
