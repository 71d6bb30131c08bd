"""What an operator may give to ``wsmigrate init``, and what is written."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
import tomllib

from migrate_cli.__main__ import main
from migrate_cli.drain.settings import drain_settings_of
from migrate_cli.gates.settings import gate_settings_of
from migrate_cli.routers.settings import cutover_document, front_door_of
from wsmigrate.cutover_config import cutover_config


def run(*args: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(args)
    return int(ended.value.code or 0)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "wsmigrate.toml"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--percentages", "²"),
        ("--percentages", "5,3"),
        ("--percentages", ""),
        ("--percentages", "0,101"),
        ("--settings", "my settings!"),
        ("--settings", ""),
        ("--channels-url", "not a url"),
        ("--channels-url", "http://127.0.0.1:8000"),
    ],
)
def test_nonsense_is_refused_and_nothing_is_written(
    path: Path, capsys: pytest.CaptureFixture[str], option: str, value: str
) -> None:
    assert run("init", option, value) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert not path.exists()


def test_a_folder_that_is_not_there_is_named(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("init", "--config", "none/wsmigrate.toml") == 2
    assert "none/wsmigrate.toml cannot be written (No such file" in capsys.readouterr().err


def test_every_line_that_is_commented_out_can_be_taken_in(path: Path) -> None:
    assert run("init", "--settings", "mysite.settings") == 0
    lines = []
    for line in path.read_text().splitlines():
        bare = line.removeprefix("# ")
        is_entry = bare != line and (" = " in bare or bare.startswith("[")) and bare[:1].islower()
        lines.append(bare if is_entry or (bare != line and bare.startswith("[")) else line)
    path.write_text("\n".join(lines))
    document = cutover_document(path)
    assert cutover_config(document).open_door == ("systemctl", "start", "haproxy")
    assert front_door_of(document["front_door"]).doors[0].name == "haproxy /run/haproxy/admin.sock"
    assert drain_settings_of(document, {}).uwsgi_pid == Path("/run/uwsgi/chat.pid")
    assert gate_settings_of(document).channels_url == "ws://127.0.0.1:8000"


def test_what_is_written_is_told_as_json_too(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("init", "--settings", "mysite.settings", "--percentages", "10,100", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "written": "wsmigrate.toml",
        "settings": "mysite.settings",
        "percentages": [10, 100],
    }
    assert path.exists()


def test_at_a_terminal_a_wrong_answer_is_asked_for_again(path: Path) -> None:
    said = answered("init", "mysite.settings\nall\n10,5\n10,100\nhttp://x\n\n")
    assert "is written" in said
    document = tomllib.loads(path.read_text())
    assert document["cutover"]["percentages"] == [10, 100]
    assert "channels_url" not in document["gates"]


def answered(command: str, answers: str) -> str:
    """What it says at a terminal where so much is typed."""
    mine, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "migrate_cli", command],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])},
    )
    os.close(theirs)
    os.write(mine, answers.encode())
    said = b""
    while True:
        try:
            block = os.read(mine, 4096)
        except OSError:  # the other end is closed
            break
        if not block:
            break
        said += block
    assert process.wait(30) == 0, said.decode()
    os.close(mine)
    return said.decode()
