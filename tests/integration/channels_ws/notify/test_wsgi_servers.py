"""Publishing to the PostgreSQL layer from WSGI servers: threads, processes that are forked from one
that has published already, and PostgreSQL that is started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from websockets.sync.client import connect

from private_services import Services
from project import SITE, Project, listens, wait_until

HERE = Path(__file__).parent
PROGRAMS = Path(sys.executable).parent
SENDERS = 16
MESSAGES = 25

UWSGI = ("uwsgi", "--need-app", "--master", "--die-on-term", "--module", "publishing_wsgi")
GUNICORN = ("gunicorn", "--preload", "publishing_wsgi:application")
SERVERS = {
    "uwsgi-threads": (*UWSGI, "--processes", "2", "--threads", "8", "--enable-threads"),
    "uwsgi-without-threads": (*UWSGI, "--processes", "4"),
    "gunicorn-threads": (*GUNICORN, "--workers", "2", "--threads", "8"),
    "gunicorn-processes": (*GUNICORN, "--workers", "4"),
}


@pytest.fixture
def project(project: Project) -> Project:
    project.variables = {
        "DJANGO_SETTINGS_MODULE": "layer_only_settings",
        "PYTHONPATH": f"{SITE}:{HERE}",
    }
    return project


@pytest.fixture(params=sorted(SERVERS))
def publishing_url(project: Project, request: pytest.FixtureRequest) -> Iterator[str]:
    """A WSGI server with the publishing application."""
    port = project.free_port()
    program, *options = SERVERS[request.param]
    where = "--http-socket" if program == "uwsgi" else "--bind"
    log = project.folder / "wsgi.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [str(PROGRAMS / program), *options, where, f"127.0.0.1:{port}"],
            cwd=SITE,
            # Without --enable-threads uWSGI forks without a word to Python, whose lock on the
            # interpreter a thread of the parent may just have asked for: so none may be there.
            env={
                **project.environment,
                "PUBLISH_AT_LOAD": "" if "without" in request.param else "1",
            },
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_until(lambda: listens(port), log.read_text)
        yield f"http://127.0.0.1:{port}/"
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait(10)


def publish(url: str, room: str, sender: int, numbers: range) -> None:
    for number in numbers:
        query = urlencode({"room": room, "text": f"{sender} {number}"})
        with urlopen(f"{url}?{query}", timeout=60) as answer:  # noqa: S310 - it is ours
            assert answer.status == 204


def publish_side_by_side(url: str, room: str, numbers: range) -> None:
    with ThreadPoolExecutor(SENDERS) as senders:
        done = [senders.submit(publish, url, room, sender, numbers) for sender in range(SENDERS)]
        for one in done:
            one.result()


def test_many_clients_publish_at_once_before_and_after_a_restart_of_postgresql(
    project: Project, services: Services, publishing_url: str
) -> None:
    url, _ = project.start_server()
    with connect(f"{url}/room", compression=None) as client:
        publish_side_by_side(publishing_url, "room", range(MESSAGES))
        killed = services.pid("postgres")
        os.kill(killed, signal.SIGKILL)
        services.wait_until_started_anew("postgres", killed)
        publish_side_by_side(publishing_url, "room", range(MESSAGES, 2 * MESSAGES))
        by_sender: dict[str, list[int]] = defaultdict(list)
        for _ in range(SENDERS * 2 * MESSAGES):
            sender, number = str(client.recv(timeout=30)).split()
            by_sender[sender].append(int(number))
        publish(publishing_url, "room", 99, range(1))
        assert client.recv(timeout=30) == "99 0"  # and nothing else came in between
    assert by_sender == {str(sender): list(range(2 * MESSAGES)) for sender in range(SENDERS)}
