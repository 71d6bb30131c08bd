"""The systemd units: systemd reads them, and their commands are ones that there are."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from migrate_cli.cli import cli

FOLDER = Path(__file__).resolve().parents[3] / "examples" / "systemd"
UNITS = sorted(FOLDER.glob("*.service"))


def command_of(unit: Path) -> list[str]:
    line = next(line for line in unit.read_text().splitlines() if line.startswith("ExecStart="))
    return shlex.split(line.removeprefix("ExecStart="))


def test_there_is_one_for_each_process() -> None:
    names = {unit.name for unit in UNITS}
    assert names == {
        "wsmigrate-bridge.service",
        "wsmigrate-serve.service",
        "wsmigrate-reverse.service",
        "wsmigrate-run@.service",
    }


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_its_command_and_options_exist(unit: Path) -> None:
    program, *words = command_of(unit)
    assert Path(program).name == "wsmigrate"
    command: click.Command = cli
    context = click.Context(cli)
    while isinstance(command, click.Group):
        found = command.get_command(context, words.pop(0))
        assert found is not None, unit
        command = found
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known
    command.make_context(unit.name, words)  # and their values can be


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_reads_it(unit: Path, tmp_path: Path) -> None:
    copy = tmp_path / unit.name
    text = unit.read_text().replace(command_of(unit)[0], sys.executable)
    copy.write_text(text)  # systemd looks for the program
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(copy)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
