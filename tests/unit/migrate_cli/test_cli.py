from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from migrate_cli import cli as group
from migrate_cli.__main__ import main


def run(*args: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(args)
    return int(ended.value.code or 0)


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in ("bridge", "demo", "room", "up"))


def test_a_wrong_option_is_one_sentence_and_exit_code_2(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("room", "--nonsense", "x") == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("number", ["0", "9223372036854775808", "99999999999999999999"])
@pytest.mark.parametrize("command", [("show",), ("replay",), ("purge",), ("list", "--limit")])
def test_a_number_that_no_dead_letter_can_have_is_told_as_such(
    capsys: pytest.CaptureFixture[str], command: tuple[str, ...], number: str
) -> None:
    assert run("bridge", "dead-letters", *command, number) == 2
    assert "is not in the range" in capsys.readouterr().err


def test_a_command_whose_package_is_missing_is_listed_and_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(group._COMMANDS, "up", ("no_such_package.up", "up"))
    assert run("--help") == 0
    assert run("up", "--any", "thing") == 2
    assert "needs the package 'no_such_package'" in capsys.readouterr().err


def test_a_fault_of_ours_is_exit_code_70(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_path: bytes) -> str:
        raise RuntimeError("a bug")

    monkeypatch.setattr("migrate_cli.commands.room.room_of_path", fail)
    assert run("room", "/lobby") == 70
    assert "a fault of wsmigrate itself" in capsys.readouterr().err


def test_room_shows_every_name_of_a_room(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("room", "--json", "ws://host:1/caf%C3%A9/?token=x") == 0
    names = json.loads(capsys.readouterr().out)
    assert names["room"] == names["exchange"] == "café"
    assert names["group"].startswith("x-")
    assert names["inbox"] == "wsmigrate.inbox.1"


@pytest.mark.parametrize("path", ["/", "/amq.direct", "/" + "x" * 300, "/%FF"])
def test_a_room_that_cannot_be_is_one_sentence_and_exit_code_2(
    path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("room", path) == 2
    shown = capsys.readouterr().err
    assert "cannot be" in shown
    assert "Traceback" not in shown


def test_bytes_of_a_room_that_are_no_utf_8_are_one_sentence_and_exit_code_2(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("room", os.fsdecode(b"caf\xe9")) == 2
    shown = capsys.readouterr().err
    assert "cannot be" in shown
    assert "Traceback" not in shown


def test_a_url_that_cannot_be_read_is_one_sentence_and_exit_code_2(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("room", "ws://[::1") == 2
    assert capsys.readouterr().err == (
        "wsmigrate: The WebSocket URL cannot be read. Check its host, or give the path alone.\n"
    )


@pytest.mark.parametrize("package", ["django", "channels", "pika", "psycopg"])
def test_a_bridge_without_a_package_it_needs_says_what_to_install(
    package: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    assert run("bridge", "run") == 2
    shown = capsys.readouterr().err
    assert f"needs the package '{package}'" in shown
    assert "wsmigrate[bridge]" in shown


def test_output_that_nobody_reads_any_more_is_no_mismatch() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as pipe:
        ended = subprocess.run(
            [sys.executable, "-m", "migrate_cli", "room", "lobby"],
            stdout=pipe,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert ended.returncode == 2
    assert b"Traceback" not in ended.stderr


def test_a_prefix_that_no_inbox_can_have_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("room", "x", "--inbox-prefix", "a/b") == 2
    assert "INBOX_PREFIX" in capsys.readouterr().err
