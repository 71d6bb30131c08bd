"""The snippets for CI are what the two systems read, and what the commands take.

tests/integration/compat_tests/test_parity_real.py runs the very command of them.
"""

from __future__ import annotations

import fnmatch
import re
import shlex
from pathlib import Path

import pytest
import tomllib
from parity_snippets import (
    blocks,
    github,
    github_command,
    gitlab,
    gitlab_command,
    shell_commands,
)

from migrate_cli.cli import cli
from wsmigrate.parity import pytest_options

ROOT = Path(__file__).parents[3]


def test_the_workflow_is_one_that_github_runs():
    workflow = github()
    assert set(workflow) == {"name", "on", "jobs"}
    (job,) = workflow["jobs"].values()
    assert job["runs-on"] == "ubuntu-latest"
    for step in job["steps"]:
        assert ("uses" in step) != ("run" in step)
        assert set(step) <= {"name", "uses", "run", "with", "env", "if"}
        assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step.get("uses", "a/b@v1"))


def test_every_variable_of_the_workflow_is_given():
    (step,) = (one for one in github()["jobs"]["parity"]["steps"] if "env" in one)
    assert set(re.findall(r"\$(\w+)", step["run"])) == set(step["env"])
    assert all(
        re.fullmatch(r"\$\{\{ (vars|secrets)\.\w+ \}\}", one) for one in step["env"].values()
    )


def test_the_job_is_one_that_gitlab_runs():
    job = gitlab()["parity"]
    assert set(job) == {"image", "variables", "script", "artifacts"}
    assert all(isinstance(line, str) for line in job["script"])
    used = set(re.findall(r"\$(\w+)", " ".join(job["script"])))
    assert used - set(job["variables"]) == {"AMQP_URL"}  # the masked one


def test_both_run_the_same_command_and_keep_all_that_it_writes():
    words = shlex.split(github_command())
    assert words == shlex.split(gitlab_command())
    written = [words[words.index(name) + 1] for name in ("--json", "--junit", "--html")]
    artifacts = gitlab()["parity"]["artifacts"]
    assert sorted([*artifacts["paths"], artifacts["reports"]["junit"]]) == sorted(written)
    assert artifacts["when"] == "always"
    upload = github()["jobs"]["parity"]["steps"][-1]
    assert upload["if"] == "always()"
    assert all(fnmatch.fnmatch(name, upload["with"]["path"]) for name in written)


def test_what_is_installed_is_an_extra_of_the_distribution():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    for block in blocks("yaml"):
        (extra,) = re.findall(r"pip install 'wsmigrate\[(\w+)\]'", block)
        assert {"pika", "click"} <= {re.split(r"\W", one)[0] for one in extras[extra]}


def options_of(words: list[str]) -> set[str]:
    command = cli
    for word in words:
        command = command.get_command(None, word)
    return {name for parameter in command.params for name in parameter.opts}


@pytest.mark.parametrize("words", [shlex.split(github_command()), *shell_commands()], ids=" ".join)
def test_the_commands_take_every_option_that_the_page_gives(words):
    given = {word for word in words if word.startswith("--")}
    if words[0] == "pytest":
        known = {name for name, _ in (*pytest_options.NAMES, *pytest_options.SECONDS)}
        assert given - {"--pyargs"} <= known
    else:
        assert words[0] == "wsmigrate"
        assert given <= options_of(words[1:3])


def test_every_option_of_pytest_is_on_the_page_or_in_its_command():
    page = (ROOT / "docs" / "parity-ci.md").read_text()
    for name, _ in (*pytest_options.NAMES, *pytest_options.SECONDS):
        assert name in page
