"""The two servers of this project, held against each other."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from parity_runs import Run
from parity_snippets import github_command, gitlab_command

from compat_tests.publishers.amqp import AmqpPublisher
from old_notifs import old_notifs_folder

SAID = [b'{"n": 1}', "grüße \u2028".encode(), b"", b"again", b"again"]


@pytest.mark.parametrize(
    ("uwsgi", "command"),
    [("current", github_command()), ("seed", gitlab_command())],
    ids=["current", "seed"],
    indirect=["uwsgi"],
)
def test_both_servers_send_the_same_by_the_commands_of_the_ci_page(
    command, legacy, channels, amqp_url, tmp_path
):
    notifs_3 = f"env PYTHONPATH={old_notifs_folder()} {sys.executable}"
    done = subprocess.run(
        ["bash", "-ec", f"{command.strip()} --notifs-3 {shlex.quote(notifs_3)}"],
        cwd=tmp_path,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "LEGACY_WS_URL": legacy.url,
            "CHANNELS_WS_URL": channels.url,
            "AMQP_URL": amqp_url,
        },
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert all((tmp_path / f"parity.{kind}").stat().st_size for kind in ("json", "xml", "html"))
    report = json.loads((tmp_path / "parity.json").read_text())
    assert "not run  server-ends" in done.stdout
    assert done.stdout.count("not run  ") == 1
    assert report["cases"] >= 74
    assert report["mismatched"] == report["inconclusive"] == 0
    assert report["matched"] > 10_000


def test_a_server_never_differs_from_itself(parity: Run, legacy, channels, amqp_url):
    for url in (legacy.url, channels.url):
        words = ("--legacy", url, "--channels", url, "--publish", amqp_url)
        done = parity("check", *words, "--generated", "5", "--case", "streams")
        assert done.returncode == 0, done.stdout + done.stderr


def test_what_was_recorded_on_the_old_side_is_replayed_on_the_new_one(
    parity: Run, legacy, channels, amqp_url, tmp_path
):
    with publishing(amqp_url, "recorded"):
        old = parity("record", "recorded", "--amqp", amqp_url, "--for", "3", "--out", "old.jsonl")
        new = parity(
            *("record", "recorded", "--url", channels.url, "--for", "3"),
            *("--redact", "--out", "new.jsonl"),
        )
    assert (old.returncode, new.returncode) == (0, 0), old.stdout + new.stderr
    words = ("--channels", channels.url, "--publish", amqp_url)
    replayed = parity("replay", "old.jsonl", *words)
    assert replayed.returncode == 0, replayed.stdout
    changed = tmp_path / "changed.jsonl"
    changed.write_text((tmp_path / "old.jsonl").read_text().replace("again", "Again", 1))
    assert parity("replay", "old.jsonl", "--against", "old.jsonl").returncode == 0
    assert parity("replay", "old.jsonl", "--against", changed).returncode == 1
    assert "again" not in (tmp_path / "new.jsonl").read_text()


def test_live_rooms_are_watched_from_both_sides(parity: Run, legacy, channels, amqp_url):
    rooms = ("watched-1", "watched-2")
    with publishing(amqp_url, *rooms):
        done = parity(
            *("watch", *rooms, "--amqp", amqp_url, "--channels", channels.url),
            *("--for", "4", "--json"),
        )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stdout + done.stderr
    assert sum(line["matched"] for line in lines) > 20
    assert sum(line["mismatched"] for line in lines) == 0


def test_a_room_that_only_one_side_hears_is_a_mismatch(parity: Run, legacy, channels, amqp_url):
    with publishing(amqp_url, "heard"):
        done = parity(
            *("watch", "heard", "--amqp", amqp_url, "--for", "6", "--window", "1"),
            *("--channels", f"{channels.url}/elsewhere-"),
        )
    assert done.returncode == 1, done.stdout
    assert "missing" in done.stdout


def test_a_silent_room_is_no_data(parity: Run, channels, amqp_url):
    words = ("--amqp", amqp_url, "--channels", channels.url, "--for", "1")
    done = parity("watch", "silent", *words)
    assert done.returncode == 2
    assert "NO DATA" in done.stdout


@contextmanager
def publishing(amqp_url: str, *rooms: str) -> Iterator[None]:
    """Publish to rooms, again and again, by a thread of its own."""
    stop = threading.Event()

    def publish() -> None:
        publisher = AmqpPublisher(amqp_url)
        while not stop.wait(0.05):
            for room in rooms:
                publisher.publish(room, SAID)
        publisher.close()

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
