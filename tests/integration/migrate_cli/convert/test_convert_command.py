"""The commands on folders: what they print, write, refuse and leave alone."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from site_process import PROJECTS

from migrate_cli.__main__ import main

SIGNAL = b"from notifications.signals import notify\nnotify.send(sender=None, a=1)\n"
CALL = b"from notifications.utils import notify\nnotify(a=1)\n"
STACK = b"django-notifs==4.0.0\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "requirements.txt").write_bytes(STACK)
    (folder / "views.py").write_bytes(SIGNAL)
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the command line; returns exit code, output and errors."""

    def call(*arguments: str | Path) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(one) for one in arguments])
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return call


Run = Callable[..., tuple[int, str, str]]


def only(*rules: str) -> list[str]:
    return [word for rule in rules for word in ("--only", rule)]


def test_scan_lists_and_writes_nothing(project: Path, run: Run) -> None:
    code, out, _ = run("scan", project, *only("notifs_signal"))
    assert code == 0
    assert "views.py:2: [notifs_signal]" in out
    assert (project / "views.py").read_bytes() == SIGNAL


def test_convert_shows_a_diff_that_patch_takes(project: Path, run: Run) -> None:
    (project / "views.py").write_bytes(SIGNAL.rstrip(b"\n"))
    _, out, _ = run("convert", project, *only("notifs_signal"), "--json")
    assert (project / "views.py").read_bytes() == SIGNAL.rstrip(b"\n")
    difference = json.loads(out)["diff"]
    subprocess.run(
        ["patch", "-p1", "--directory", project], input=difference, text=True, check=True
    )
    assert (project / "views.py").read_bytes() == CALL.rstrip(b"\n")


def test_write_then_nothing_is_left(project: Path, run: Run) -> None:
    assert run("convert", project, *only("notifs_signal"), "--check")[0] == 1
    code, out, _ = run("convert", project, *only("notifs_signal"), "--write")
    assert (code, out.splitlines()[0]) == (0, "wrote views.py")
    assert (project / "views.py").read_bytes() == CALL
    assert run("convert", project, *only("notifs_signal"), "--check")[0] == 0
    code, out, _ = run("convert", project, *only("notifs_signal"), "--write")
    assert (code, out) == (0, "Nothing is left to convert.\n")


def test_a_skipped_rule_does_nothing(project: Path, run: Run) -> None:
    code, _, _ = run(
        "convert", project, *only("notifs_signal"), "--skip", "notifs_signal", "--check"
    )
    assert code == 0


def test_a_line_with_the_pragma_is_accepted(project: Path, run: Run) -> None:
    text = SIGNAL.replace(b"a=1)", b"a=1)  # wsmigrate: ok")
    (project / "views.py").write_bytes(text)
    assert run("convert", project, *only("notifs_signal"), "--check")[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["--only", "no_such_rule"],
        ["--python", "2.7"],
        ["--python", "latest"],
        ["--write", "--check"],
        ["--stage-is", "retired"],
        ["--finish", "--stage-is", "bored"],
    ],
)
def test_what_cannot_be_asked_for_is_refused_in_a_sentence(
    project: Path, run: Run, arguments: list[str]
) -> None:
    code, _, err = run("convert", project, *arguments)
    assert code == 2
    assert "Traceback" not in err
    assert err


def test_a_path_that_is_no_folder_is_refused(project: Path, run: Run) -> None:
    for path in (project / "views.py", project / "nothing"):
        assert run("convert", path)[0] == 2
        assert run("scan", path)[0] == 2


def test_a_project_without_the_stack_is_said_to_have_none(tmp_path: Path, run: Run) -> None:
    (tmp_path / "settings.py").write_text("INSTALLED_APPS = ['a']\nDATABASES = {}\n")
    for command in (["scan"], ["convert"], ["convert", "--check"], ["convert", "--write"]):
        code, out, _ = run(command[0], tmp_path, *command[1:])
        assert code == 0
        assert "Nothing here uses the old stack" in out


def test_finish_refuses_before_the_stage_is_retired(project: Path, run: Run) -> None:
    for arguments in ([], ["--stage-is", "direct"]):
        code, _, err = run("convert", project, "--finish", "--write", *arguments)
        assert code == 1
        assert "Nothing was changed." in err
    assert (project / "views.py").read_bytes() == SIGNAL


def test_finish_refuses_what_is_not_converted(project: Path, run: Run) -> None:
    code, _, err = run("convert", project, "--finish", "--stage-is", "retired", "--write")
    assert code == 1
    assert "wsmigrate convert" in err


LEFT_ALONE = {
    "broken.py": (SIGNAL + b"def (:\n", "no Python that can be parsed"),
    "python2.py": (SIGNAL + b"print 'x'\n", "no Python that can be parsed"),
    "utf16.py": ("﻿".encode("utf-16-le") + SIGNAL.decode().encode("utf-16-le"), ""),
    "undeclared.py": (SIGNAL + b"# caf\xe9\n", "its encoding is unclear"),
    "unknown.py": (b"# coding: no-such-code\n" + SIGNAL, "its encoding is unclear"),
    "made_pb2.py": (SIGNAL, "it is generated"),
    "made.py": (b"# This file is @generated by a tool.\n" + SIGNAL, "it is generated"),
    "made2.py": (b"# Code generated by x. DO NOT EDIT.\n" + SIGNAL, "it is generated"),
    "app/migrations/0001_a.py": (b"# Generated by Django 2.0.1\n" + SIGNAL, "it is generated"),
    "app/migrations/0002_b.py": (SIGNAL, "it is a migration"),
}


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_files_that_cannot_be_rewritten_are_left_alone_and_listed(
    project: Path, run: Run, name: str
) -> None:
    data, reason = LEFT_ALONE[name]
    path = project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    code, out, _ = run("convert", project, *only("notifs_signal"), "--write")
    assert code == 0
    assert path.read_bytes() == data
    assert (project / "views.py").read_bytes() == CALL
    if reason:
        assert f"{name}:" in out
        assert reason in out


def test_a_settings_module_of_startproject_is_not_taken_for_generated(
    project: Path, run: Run
) -> None:
    text = '"""\nSettings.\n\nGenerated by \'django-admin startproject\' using Django 2.0.\n"""\n'
    (project / "settings.py").write_text(f"{text}INSTALLED_APPS = ['notifications']\n")
    run("convert", project, *only("settings_installed_apps"), "--write")
    assert "channels_ws" in (project / "settings.py").read_text()


def test_links_are_not_followed_and_not_replaced(project: Path, run: Run, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "real.py").write_bytes(SIGNAL)
    (project / "link.py").symlink_to(outside / "real.py")
    (project / "folder").symlink_to(outside)
    (project / "loop").symlink_to(project)
    (project / "dangling.py").symlink_to("nowhere.py")
    code, out, _ = run("convert", project, *only("notifs_signal"), "--write")
    assert code == 0
    assert (project / "link.py").is_symlink()
    assert (outside / "real.py").read_bytes() == SIGNAL
    assert "link.py:2" in out
    assert "it is a symbolic link" in out


def test_read_only_files_and_folders_are_left_alone(project: Path, run: Run) -> None:
    (project / "app").mkdir()
    (project / "app" / "a.py").write_bytes(SIGNAL)
    (project / "b.py").write_bytes(SIGNAL)
    (project / "b.py").chmod(0o444)
    (project / "app").chmod(0o555)
    try:
        code, out, _ = run("convert", project, *only("notifs_signal"), "--write")
    finally:
        (project / "app").chmod(0o755)
    assert code == 0
    assert (project / "app" / "a.py").read_bytes() == SIGNAL
    assert (project / "b.py").read_bytes() == SIGNAL
    assert out.count("read-only") == 2


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (SIGNAL.replace(b"\n", b"\r\n"), CALL.replace(b"\n", b"\r\n")),
        (b"\xef\xbb\xbf" + SIGNAL, b"\xef\xbb\xbf" + CALL),
        (b"# coding: latin-1\n# caf\xe9\n" + SIGNAL, b"# coding: latin-1\n# caf\xe9\n" + CALL),
        (
            b"# coding: cp1252\n" + SIGNAL.replace(b"a=1", b"a='\x80\xfc'"),
            b"# coding: cp1252\n" + CALL.replace(b"a=1", b"a='\x80\xfc'"),
        ),
        (SIGNAL.rstrip(b"\n"), CALL.rstrip(b"\n")),
        (SIGNAL + b"\x0c\nx = 1\n", CALL + b"\x0c\nx = 1\n"),
        (SIGNAL.replace(b"\nn", b"\nif x:\n\tn"), CALL.replace(b"\nn", b"\nif x:\n\tn")),
    ],
    ids=["crlf", "bom", "latin-1", "cp1252", "no end", "form feed", "tab"],
)
def test_bytes_beside_the_rewrite_stay(
    project: Path, run: Run, before: bytes, after: bytes
) -> None:
    (project / "views.py").write_bytes(before)
    (project / "views.py").chmod(0o751)
    assert run("convert", project, *only("notifs_signal"), "--write")[0] == 0
    assert (project / "views.py").read_bytes() == after
    assert (project / "views.py").stat().st_mode & 0o777 == 0o751


def test_dependencies_and_hidden_folders_are_not_entered(project: Path, run: Run) -> None:
    (project / "env").mkdir()
    (project / "env" / "pyvenv.cfg").write_text("")
    for name in (".git/a.py", "node_modules/a.py", "env/a.py", "x/site-packages/a.py"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_bytes(SIGNAL)
    run("convert", project, *only("notifs_signal"), "--write")
    assert (project / "env" / "a.py").read_bytes() == SIGNAL
    assert (project / "node_modules" / "a.py").read_bytes() == SIGNAL


@pytest.fixture
def big_project(tmp_path: Path) -> Path:
    folder = tmp_path / "big"
    shutil.copytree(PROJECTS / "tutorial", folder)
    for number in range(300):
        (folder / "talk" / f"view_{number}.py").write_bytes(SIGNAL)
    return folder


def test_an_interrupted_run_leaves_each_file_old_or_new_and_can_go_on(
    big_project: Path, tmp_path: Path, run: Run
) -> None:
    whole = tmp_path / "whole"
    shutil.copytree(big_project, whole)
    assert run("convert", whole, "--write")[0] == 0
    process = subprocess.Popen(
        [sys.executable, "-m", "migrate_cli", "convert", str(big_project), "--write"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    written = big_project / "talk" / "view_0.py"
    end = time.monotonic() + 120
    while written.read_bytes() == SIGNAL:  # views come behind the settings and the channels
        assert process.poll() is None
        assert time.monotonic() < end
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    states = {path.name: path.read_bytes() for path in (big_project / "talk").glob("view_*.py")}
    assert set(states.values()) == {SIGNAL, CALL}
    assert run("convert", big_project, "--write")[0] == 0
    assert contents(big_project) == contents(whole)
    assert run("convert", big_project, "--check")[0] == 0


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def test_a_file_that_changes_meanwhile_is_not_overwritten(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from migrate_cli.commands import convert as command  # noqa: PLC0415

    original = command.write

    def late(root: Path, conversion: object) -> object:
        (root / "views.py").write_bytes(SIGNAL + b"# a last word\n")
        return original(root, conversion)  # type: ignore[arg-type]

    monkeypatch.setattr(command, "write", late)
    code, _, err = run("convert", project, *only("notifs_signal"), "--write")
    assert code == 2
    assert "changed meanwhile" in err
    assert (project / "views.py").read_bytes().endswith(b"# a last word\n")
    assert not list(project.glob(".views*"))


def test_names_that_are_no_utf_8_are_printed_as_they_are(project: Path) -> None:
    (project / os.fsdecode(b"caf\xe9.py")).write_bytes(SIGNAL)
    done = subprocess.run(
        [sys.executable, "-m", "migrate_cli", "convert", project, "--write"],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"wrote caf\xe9.py\n" in done.stdout


def test_what_belongs_to_others_or_is_no_module_is_listed_and_stays(
    project: Path, run: Run
) -> None:
    (project / "module").mkdir()
    (project / "module" / ".git").write_text("gitdir: ../.git/modules/module\n")
    (project / "vendor").mkdir()
    big = SIGNAL + b"x = 1\n" * 400_000
    files = {
        "module/a.py": SIGNAL,
        "vendor/a.py": SIGNAL,
        "big.py": big,
        "wide.py": SIGNAL.decode().encode("utf-16"),
        "look.ipynb": b'{"cells": ["from notifications.signals import notify"]}',
    }
    for name, data in files.items():
        (project / name).write_bytes(data)
    code, out, _ = run("convert", project, "--write", *only("notifs_signal"))
    assert code == 0
    for name, data in files.items():
        assert (project / name).read_bytes() == data
        assert f"left {name}:" in out
    assert (project / "views.py").read_bytes() == CALL
