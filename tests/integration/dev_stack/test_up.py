"""``wsmigrate up`` as a program: what it says, what it writes, and that its parts come back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest

from dev_stack.frontdoor import FrontDoor, Weights

PARTS = ["legacy", "channels", "bridge", "site", "haproxy"]


class Running:
    """A stack on services that run already."""

    def __init__(self, process: subprocess.Popen[bytes], file: Path, output: Path) -> None:
        self.process = process
        self.file = file
        self.output = output

    def endpoints(self) -> dict[str, object]:
        return json.loads(self.file.read_text())

    def main_pid(self, part: str) -> int:
        return self.endpoints()["pids"][part][0]  # type: ignore[index]

    def wait_for_another(self, part: str, killed: int) -> None:
        deadline = time.monotonic() + 60
        while self.main_pid(part) == killed:
            assert time.monotonic() < deadline, self.output.read_text()
            time.sleep(0.05)


def wait_for(file: Path, process: subprocess.Popen[bytes], output: Path) -> None:
    deadline = time.monotonic() + 120
    while not file.exists():
        assert process.poll() is None, output.read_text()
        assert time.monotonic() < deadline, output.read_text()
        time.sleep(0.05)


@pytest.fixture(scope="module")
def dsn(postgres_dsn):
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute("CREATE DATABASE test_of_up")
        yield postgres_dsn.rpartition("/")[0] + "/test_of_up"
        connection.execute("DROP DATABASE test_of_up WITH (FORCE)")


@pytest.fixture(scope="module")
def up(amqp_url, dsn, haproxy_program, tmp_path_factory, free_port):
    folder = tmp_path_factory.mktemp("up")
    file, output = folder / "endpoints.json", folder / "output"
    file.write_text("left by an earlier stack")
    with output.open("wb") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "migrate_cli", "up", "--endpoints", str(file)),
                *("--amqp-url", amqp_url, "--postgres-dsn", dsn, "--logs", str(folder / "logs")),
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        while file.exists() and process.poll() is None and file.read_text().startswith("left"):
            time.sleep(0.05)
        wait_for(file, process, output)
        yield Running(process, file, output)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def test_the_endpoints_are_complete(up, amqp_url, dsn):
    endpoints = up.endpoints()
    assert endpoints["amqp_url"] == amqp_url
    assert endpoints["postgres_dsn"] == dsn
    for name in ("legacy_ws_url", "channels_ws_url", "front_ws_url"):
        assert urlsplit(endpoints[name]).scheme == "ws"
        assert urlsplit(endpoints[name]).hostname == "127.0.0.1"
    assert sorted(endpoints["pids"]) == sorted(PARTS)


def test_only_its_owner_may_read_the_passwords_in_the_file(up):
    assert up.file.stat().st_mode & 0o077 == 0


def test_the_processes_are_those_of_the_parts_with_their_children(up):
    pids = up.endpoints()["pids"]
    for part in PARTS:
        main = psutil.Process(pids[part][0])
        assert main.ppid() == up.process.pid
        assert {child.pid for child in main.children(recursive=True)} == set(pids[part][1:])
    assert len(pids["site"]) > 1  # uWSGI's worker
    assert len(pids["legacy"]) > 1


def test_the_site_answers(up):
    with urllib.request.urlopen(up.endpoints()["http_url"] + "/", timeout=20) as answer:  # noqa: S310
        assert answer.status == 200


def test_the_front_door_sends_everybody_to_the_old_server(up):
    door = FrontDoor(Path(up.endpoints()["haproxy_socket"]))
    assert door.weights() == Weights(100, 0)


def test_each_part_has_a_log_file_where_it_was_asked_for(up):
    logs = up.endpoints()["logs"]
    assert sorted(logs) == sorted([*PARTS, "migrate"])
    assert {Path(log).parent for log in logs.values()} == {up.file.parent / "logs"}
    assert all(Path(log).exists() for log in logs.values())


def test_it_says_where_to_point_a_browser_and_shows_no_password(up):
    said = up.output.read_text()
    endpoints = up.endpoints()
    assert f"Point a browser at {endpoints['http_url']}/" in said
    assert "Ctrl-C stops everything" in said
    assert all(log in said for log in endpoints["logs"].values())
    assert urlsplit(endpoints["postgres_dsn"]).password not in said
    assert ":guest@" not in said


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_is_killed_is_started_again_and_the_file_rewritten(up, part):
    before = up.endpoints()
    killed = up.main_pid(part)
    os.kill(killed, signal.SIGKILL)
    up.wait_for_another(part, killed)
    after = up.endpoints()
    assert {k: v for k, v in after.items() if k != "pids"} == {
        k: v for k, v in before.items() if k != "pids"
    }
    assert f"{part} is ready again" in up.output.read_text()


def test_a_killed_worker_of_uwsgi_is_replaced_in_the_file(up):
    master, *workers = up.endpoints()["pids"]["site"]
    os.kill(workers[0], signal.SIGKILL)
    deadline = time.monotonic() + 30
    while workers[0] in up.endpoints()["pids"]["site"] or len(up.endpoints()["pids"]["site"]) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert up.main_pid("site") == master
