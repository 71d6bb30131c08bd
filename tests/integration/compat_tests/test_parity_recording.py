"""``wsmigrate parity record`` and ``replay`` as operators use them, also where they go wrong."""

from __future__ import annotations

import hashlib
import json
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from parity_runs import Run
from plain_server import Connection, PlainServer, Town
from websockets.frames import Opcode

SAID = (b'{"n": 1}', "grüße \u2028".encode(), b"", b"again", b"again", b"x" * 70_000)


@pytest.fixture(scope="module")
def good(town: Town) -> PlainServer:
    return town.add(PlainServer())


@contextmanager
def publishing(town: Town, *rooms: str) -> Iterator[None]:
    """Publish to rooms, again and again."""
    stop = threading.Event()

    def publish() -> None:
        while not stop.wait(0.05):
            for room in rooms:
                for payload in SAID:
                    town.publish(room, payload)

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def recorded(parity: Run, town: Town, server: PlainServer, *words: str, room: str = "r"):
    with publishing(town, room):
        return parity("record", room, "--url", server.url, "--for", "1", *words)


@pytest.fixture
def own_redaction(parity: Run, town: Town, good: PlainServer, tmp_path: Path):
    """Record with a redaction of one's own; what the command said, and what is in the file."""

    def run(body: str) -> tuple[subprocess.CompletedProcess[str], str]:
        module = f"own_redaction_{secrets.token_hex(8)}"
        (tmp_path / f"{module}.py").write_text(body)
        words = ("--redact-with", f"{module}:hide", "--out", "r.jsonl")
        done = recorded(parity, town, good, *words)
        file = tmp_path / "r.jsonl"
        return done, file.read_text() if file.exists() else ""

    return run


def lines_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_a_room_of_any_name_is_recorded_and_replayed(parity, town, good, tmp_path):
    room = "grüße %41 a?b#c"
    done = recorded(parity, town, good, "--out", "r.jsonl", room=room)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = lines_of(tmp_path / "r.jsonl")
    assert (lines[1]["room"], lines[1]["path"]) == (room, "/gr%C3%BC%C3%9Fe%20%2541%20a%3Fb%23c")
    assert "handshake" in lines[2]
    assert lines[2]["handshake"]["took_s"] > 0
    assert lines[2]["at"] <= lines[3]["at"]
    words = ("--channels", good.url, "--publish-http", town.publish_url)
    replayed = parity("replay", "r.jsonl", *words, "--patience", "2")
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr


def test_a_room_that_is_named_twice_is_recorded_once(parity, town, good, tmp_path):
    with publishing(town, "twice"):
        parity("record", "twice", "twice", "--url", good.url, "--for", "1", "--out", "r.jsonl")
    assert [line["socket"] for line in lines_of(tmp_path / "r.jsonl") if "client" in line] == [1]


def pings_between_fragments(connection: Connection, payload: bytes) -> None:
    connection.frame(Opcode.TEXT, payload[:3], fin=False)
    connection.frame(Opcode.PING, b"are you there?")
    connection.frame(Opcode.CONT, payload[3:])


def test_a_digest_is_that_of_the_whole_message_though_a_ping_comes_within(parity, town, tmp_path):
    server = town.add(PlainServer(pings_between_fragments))
    recorded(parity, town, server, "--redact", "--out", "r.jsonl")
    town.remove(server)
    lines = lines_of(tmp_path / "r.jsonl")
    assert any(line.get("frame") == "ping" for line in lines)
    digests = {line["digest"] for line in lines if line.get("digest")}
    assert {hashlib.sha256(payload).hexdigest() for payload in SAID} <= digests


def test_a_disk_that_is_full_is_said(parity, town, good):
    done = recorded(parity, town, good, "--out", "/dev/full")
    assert done.returncode == 2
    assert "cannot be written (No space left on device)" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("def hide(text): raise KeyError(text)", "failed (KeyError)"),
        ("def hide(text): return None", "gave no bytes"),
        ("hide = 5", "is no function"),
        ("import nothing_of_that_name", "cannot be loaded (ModuleNotFoundError)"),
        ("1/0", "cannot be loaded (ZeroDivisionError)"),
        ("this is no python", "cannot be loaded (SyntaxError)"),
    ],
)
def test_a_redaction_that_fails_ends_the_recording(own_redaction, body, said):
    """Not one message may be in it that the redaction has not passed."""
    done, written = own_redaction(body)
    assert done.returncode == 2, done.stdout + done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "again" not in done.stdout + done.stderr + written


def test_sockets_that_the_server_ends_are_said_and_the_recording_ends(parity, town, tmp_path):
    def goodbye(connection: Connection, payload: bytes) -> None:
        if connection.sent == 1:
            connection.text(payload)
            connection.close(4000, "enough")

    server = town.add(PlainServer(goodbye))
    with publishing(town, "r"):
        done = parity("record", "r", "--url", server.url, "--out", "r.jsonl")
    town.remove(server)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 of 1 sockets were ended by the server" in done.stdout
    assert lines_of(tmp_path / "r.jsonl")[-1]["code"] == 4000


def test_a_recording_that_was_killed_compares_as_far_as_it_goes(parity, town, good, tmp_path):
    with publishing(town, "killed"):
        words = ["record", "killed", "--url", good.url, "--out", "killed.jsonl"]
        process = subprocess.Popen(
            [sys.executable, "-m", "migrate_cli", "parity", *words],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert "Recording" in process.stdout.readline()
        threading.Event().wait(0.5)
        process.kill()
        process.communicate()
    whole = tmp_path / "killed.jsonl"
    cut = whole.read_bytes()
    (tmp_path / "cut.jsonl").write_bytes(cut[: cut.rindex(b"\n") + 1])
    done = parity("replay", "cut.jsonl", "--against", "cut.jsonl")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "close_code" not in done.stdout


def test_a_server_that_refuses_the_rooms_is_said(parity, town, good, tmp_path):
    recorded(parity, town, good, "--out", "r.jsonl")
    refusing = town.add(PlainServer(accept=lambda _connection, response: refuse(response)))
    words = ("--channels", refusing.url, "--publish-http", town.publish_url)
    done = parity("replay", "r.jsonl", *words)
    town.remove(refusing)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "answered 403 to a client of 'r'" in done.stderr


def refuse(response: object) -> None:
    response.status_code = 403  # type: ignore[attr-defined]
