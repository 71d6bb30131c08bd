"""``wsmigrate parity check`` as CI calls it."""

from __future__ import annotations

import json
import re
import signal
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from mutants import MUTANTS
from parity_runs import Run
from plain_server import PlainServer, Town

KEYS = [
    "cases",
    "frames_compared",
    "matched",
    "ignored",
    "mismatched",
    "inconclusive",
    "differences",
]


@pytest.fixture(scope="module")
def pair(town: Town) -> tuple[str, str]:
    """A correct server and one that changes a byte of the second message."""
    make, _ = MUTANTS["changes one byte"]
    return town.add(PlainServer()).url, town.add(make()).url


@pytest.fixture(scope="module")
def no_http() -> Iterator[str]:
    """A server that takes connections and says something else."""

    class Greets(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(b"SSH-2.0-something\r\n\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Greets) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"ws://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def begun(town: Town, pair: tuple[str, str], tmp_path: Path):
    """A run as a process, of which the first case has ended, on one of the pair as new server."""

    def begin(channels: int) -> subprocess.Popen[str]:
        words = ("--legacy", pair[0], "--channels", pair[channels])
        files = ("--junit", "report.xml", "--json", "report.json")
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "migrate_cli", "parity", "check", *words, *files),
                *("--publish-http", town.publish_url),
            ],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        while not process.stdout.readline().startswith(("ok", "DIFFERS")[channels]):
            assert process.poll() is None
        return process

    return begin


def check(parity: Run, town: Town, legacy: str, channels: str, *more: str | Path):
    words = ("--legacy", legacy, "--channels", channels, "--publish-http", town.publish_url)
    return parity("check", *words, "--case", "texts", *more)


def test_servers_that_match_end_with_0(parity_process, town, pair, tmp_path):
    done = check(parity_process, town, pair[0], pair[0], "--json", "report.json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "MATCHED" in done.stdout
    report = json.loads((tmp_path / "report.json").read_text())
    assert list(report) == KEYS
    assert report["frames_compared"] == report["matched"] > 50
    assert (report["mismatched"], report["differences"]) == (0, [])


def test_servers_that_differ_end_with_1_and_show_where(parity_process, town, pair, tmp_path):
    files = ("--json", "report.json", "--junit", "report.xml", "--html", "report.html")
    done = check(parity_process, town, *pair, *files)
    assert done.returncode == 1
    assert "MISMATCHED: payload" in done.stdout
    assert re.search(r"hex  0000[0-9a-f]{4}: .*\[[0-9a-f]{2}\]", done.stdout)
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["mismatched"] == len(report["differences"]) > 0
    one = report["differences"][0]
    assert (one["kind"], one["verdict"]) == ("payload", "mismatched")
    assert one["expected"]["hex"] != one["received"]["hex"]
    junit = ET.fromstring((tmp_path / "report.xml").read_text())  # noqa: S314 - our own
    assert int(junit.attrib["failures"]) == len(junit.findall(".//failure")) > 0
    page = (tmp_path / "report.html").read_text()
    assert "<svg" in page
    assert not re.search(r"(src|href)=\"(?!data:)", page)  # it needs nothing else


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--legacy", "ws://127.0.0.1:1", "--channels", "{good}"), "No connection to 127.0.0.1:1"),
        (("--legacy", "http://x", "--channels", "{good}"), "no WebSocket URL"),
        (("--legacy", "{good}", "--channels", "{no-http}"), "with nothing that is HTTP"),
        (("--legacy", "wss{good}", "--channels", "{good}"), "that the server speaks TLS"),
        (("--legacy", "{good}", "--channels", "{good}", "--json", "/proc/x"), "cannot be written"),
        (("--legacy", "{good}", "--channels", "{good}", "--html", "no/x"), "no such folder"),
        (("--legacy", "{good}", "--channels", "{good}"), "NO DATA"),
        (
            ("--legacy", "{good}", "--channels", "{good}", "--publish-http", "http://127.0.0.1:1/"),
            "Nothing could be published",
        ),
        (
            ("--legacy", "{good}", "--channels", "{good}", "--publish-cmd", "false"),
            "ended with exit code 1",
        ),
        (
            (
                "--legacy",
                "{good}",
                "--channels",
                "{good}",
                "--publish",
                "amqp://u:secret@127.0.0.1:1",
            ),
            "cannot be|failed",
        ),
        (("--legacy", "{good}", "--channels", "{good}", "--case", "nonsense"), "no case nonsense"),
    ],
)
def test_what_cannot_be_run_ends_with_2_and_says_why(parity, pair, no_http, words, said):
    secure = pair[0].replace("ws:", "wss:")
    urls = {"wss{good}": secure, "{good}": pair[0], "{no-http}": no_http}
    for name, url in urls.items():
        words = [word.replace(name, url) for word in words]
    done = parity("check", *words)
    assert done.returncode == 2, done.stdout + done.stderr
    assert re.search(said, done.stdout + done.stderr)
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("number", "channels", "code"), [(signal.SIGINT, 0, 2), (signal.SIGTERM, 1, 1)]
)
def test_a_run_that_is_interrupted_reports_what_it_has(begun, tmp_path, number, channels, code):
    process = begun(channels)
    process.send_signal(number)
    said, complaints = process.communicate(timeout=60)
    assert process.returncode == code, said + complaints
    assert "Traceback" not in complaints
    assert "inconclusive" in said
    junit = ET.fromstring((tmp_path / "report.xml").read_text())  # noqa: S314 - our own
    assert int(junit.attrib["errors"]) > 10
    assert json.loads((tmp_path / "report.json").read_text())["inconclusive"] > 10


def test_a_command_of_ones_own_publishes(parity, town, pair, tmp_path):
    script = tmp_path / "publish.py"
    script.write_text(
        "import sys, urllib.request, urllib.parse\n"
        f"url = {town.publish_url!r}.replace('{{room}}', urllib.parse.quote(sys.argv[1]))\n"
        "urllib.request.urlopen(url, data=sys.stdin.buffer.read())\n"
    )
    command = f"{sys.executable} {script} {{room}}"
    words = ("--legacy", pair[0], "--channels", pair[0], "--publish-cmd", command)
    done = parity("check", *words, "--case", "planes", "--case", "empty-message")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 cases" in done.stdout


def test_rules_of_ones_own_are_shown_and_ignore_what_they_name(parity, town, tmp_path):
    counter = iter(range(10**6))

    def stamped(connection, payload):
        connection.text(b'{"at": %d, "said": "%d bytes"}' % (next(counter), len(payload)))

    one, other = town.add(PlainServer(stamped)), town.add(PlainServer(stamped))
    rules = tmp_path / "rules.toml"
    rules.write_text('[[rule]]\nname = "at"\nreason = "a counter"\njson_pointer = "/at"\n')
    without = check(parity, town, one.url, other.url, "--patience", "1")
    assert without.returncode == 2  # the old server differs from itself: nothing is proved
    assert "add a rule" in without.stdout
    done = check(parity, town, one.url, other.url, "--rules", rules, "--patience", "1")
    assert done.returncode == 0, done.stdout
    assert "at: a counter" in done.stdout
    town.remove(one)
    town.remove(other)


def test_the_rules_are_listed_with_their_reasons(parity):
    done = parity("rules")
    assert done.returncode == 0
    assert "date-header\n    the time" in done.stdout


def run_pytest(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "--pyargs", "compat_tests", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def test_the_suite_runs_under_pytest_from_any_folder(town, pair, tmp_path):
    words = (
        "--legacy-url",
        pair[0],
        "--parity-publish-http",
        town.publish_url,
        "-k",
        "planes or json",
    )
    good = run_pytest(tmp_path, *words, "--channels-url", pair[0])
    assert good.returncode == 0, good.stdout
    bad = run_pytest(tmp_path, *words, "--channels-url", pair[1])
    assert bad.returncode == 1
    assert "payload in room" in bad.stdout
    assert "test_both_servers_send_the_same[planes]" in bad.stdout


def test_beside_other_tests_and_processes_each_knows_that_frames_were_compared(
    town, pair, tmp_path
):
    words = ("--legacy-url", pair[0], "--channels-url", pair[0])
    publish = ("--parity-publish-http", town.publish_url)
    chosen = ("-k", "frames_were or ascii", "--numprocesses", "2")
    done = run_pytest(tmp_path, *words, *publish, *chosen)
    assert done.returncode == 0, done.stdout
    alone = run_pytest(tmp_path, *words, *publish, "-k", "frames_were")
    assert alone.returncode == 0, alone.stdout
    assert "1 passed" in alone.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--legacy-url", "http://x", "--channels-url", "{good}"), "is no WebSocket URL"),
        (("--legacy-url", "{good}", "--channels-url", "ws://127.0.0.1:1"), "No connection to"),
        (("--parity-patience", "soon"), "invalid float value"),
    ],
)
def test_pytest_is_told_in_a_sentence_what_cannot_be(pair, tmp_path, words, said):
    given = (word.replace("{good}", pair[0]) for word in words)
    done = run_pytest(tmp_path, *given, "-k", "one-byte")
    assert done.returncode != 0
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "During handling" not in done.stdout


def test_without_options_pytest_says_what_is_missing_and_fails_nobody(tmp_path):
    done = run_pytest(tmp_path, "-rs")
    assert done.returncode == 0, done.stdout
    assert "the parity suite needs --legacy-url and --channels-url" in done.stdout
    half = run_pytest(tmp_path, "--legacy-url", "ws://127.0.0.1:1")
    assert half.returncode != 0
    assert "is missing" in half.stdout + half.stderr
