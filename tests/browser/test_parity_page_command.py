"""``wsmigrate parity page`` as an operator calls it, on the chat page of a real stack."""

from __future__ import annotations

import itertools
import json
import re
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from browser_needs import could_not_run

from dev_stack.services.chromium import installed_program
from dev_stack.stack import Stack

MESSAGES = "[data-testid=messages]"
COMMAND = (sys.executable, "-m", "migrate_cli", "parity", "page")
Run = Callable[..., subprocess.CompletedProcess[str]]


@dataclass(frozen=True)
class Chat:
    """A chat of somebody who is signed in: its page, and the script that signs a tab in."""

    site: httpx.Client
    uri: str
    address: str
    login: Path

    @contextmanager
    def being_written_to(self) -> Iterator[None]:
        """Somebody writes all the time."""
        stop = threading.Event()

        def write() -> None:
            for number in itertools.count():
                if stop.wait(0.1):
                    return
                said = {"message": f"{number} <b>é</b>"}
                self.site.post(f"/api/chats/{self.uri}/messages/", json=said).raise_for_status()

        thread = threading.Thread(target=write)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


@pytest.fixture
def chat(stack: Stack, tmp_path: Path) -> Iterator[Chat]:
    person = {"username": f"ada-{secrets.token_hex(3)}", "password": "a horse is no battery"}
    with httpx.Client(base_url=stack.endpoints.http_url, timeout=30) as site:
        site.post("/api/users/", json=person).raise_for_status()
        tokens = site.post("/api/token/", json=person).raise_for_status().json()
        site.headers["Authorization"] = f"Bearer {tokens['access']}"
        uri = site.post("/api/chats/").raise_for_status().json()["uri"]
        login = tmp_path / "login.js"
        login.write_text(f"sessionStorage['chatire.tokens'] = {json.dumps(json.dumps(tokens))};")
        yield Chat(site, uri, f"{stack.endpoints.http_url}/#/{uri}", login)


@pytest.fixture
def page(stack: Stack, tmp_path: Path) -> Run:
    """Run the command in a folder of its own."""
    if installed_program() is None:
        could_not_run("No Chromium here. Install the Debian package 'chromium'.")
    ends = stack.endpoints

    def run(
        address: str, *more: str | Path, channels: str = ends.channels_ws_url
    ) -> subprocess.CompletedProcess[str]:
        words = ("--sockets-at", ends.front_ws_url, "--legacy", ends.legacy_ws_url)
        return subprocess.run(
            [*COMMAND, address, *words, "--channels", channels, *map(str, more)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )

    return run


def test_a_page_that_is_written_to_is_the_same_on_both_servers(
    page: Run, chat: Chat, tmp_path: Path
) -> None:
    reports = ("--json", "report.json", "--html", "report.html")
    with chat.being_written_to():
        for_s = ("--for", "3", "--selector", MESSAGES, "--script", chat.login)
        done = page(chat.address, *for_s, *reports)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "MATCHED: both servers send the same frames" in done.stdout
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["frames_compared"] == report["matched"] > 5
    shown = (tmp_path / "report.html").read_text()
    assert shown.count("data:image/png;base64,") == 2
    assert len(re.findall('<circle class="data"', shown)) > 10


def test_a_server_whose_page_gets_nothing_is_caught(page: Run, chat: Chat, stack: Stack) -> None:
    deaf = f"{stack.endpoints.channels_ws_url}/elsewhere-"
    with chat.being_written_to():
        done = page(chat.address, "--for", "3", "--script", chat.login, channels=deaf)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "nothing came, and the reference got" in done.stdout


def test_a_page_without_its_login_proves_nothing_and_says_why(page: Run, chat: Chat) -> None:
    done = page(chat.address, "--for", "1")
    assert done.returncode == 2
    assert "the page opened no socket at the legacy server" in done.stdout
    assert "NO DATA" in done.stdout


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--ignore", "("), "no regular expression"),
        (("--for", "1", "--selector", "#nowhere"), "nothing that fits the selector"),
        (("--sockets-at", "http://x"), "no WebSocket URL"),
        (("--html", "/nowhere/report.html"), "there is no such folder"),
        (("--chromium", "/bin/false"), "The browser could not show the page"),
    ],
)
def test_what_cannot_be_ends_with_2_and_one_sentence(
    page: Run, stack: Stack, more: tuple[str, ...], said: str
) -> None:
    done = page(stack.endpoints.http_url, *more)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_page_that_is_not_there_is_said(page: Run, stack: Stack) -> None:
    done = page(f"{stack.endpoints.http_url}/nowhere", "--for", "1")
    assert done.returncode == 2
    assert "was answered 404" in done.stderr
