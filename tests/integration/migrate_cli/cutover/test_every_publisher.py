"""A switch of the notify backend is followed by each kind of process that posts, without a restart;
and what is published on commit is published on commit."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import celery
import pika
import pytest
from websockets.sync.client import connect

from cutover_site import Operator
from project import SITE, Project, wait_until

HERE = Path(__file__).parent
ROOM = "switched"
Post = Callable[[str], None]


@pytest.fixture
def project(project: Project) -> Project:
    project.variables = {
        "DJANGO_SETTINGS_MODULE": "switch_site.settings",
        "PYTHONPATH": f"{SITE}:{HERE}",
        "SWITCH_SITE_QUEUE": f"switch-site-{uuid.uuid4().hex}",
    }
    return project


class Ear:
    """Hears what is published to a room's exchange."""

    def __init__(self, amqp_url: str, room: str) -> None:
        self._connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
        self._channel = self._connection.channel()
        self._channel.exchange_declare(room, exchange_type="fanout")
        self._queue = self._channel.queue_declare("", exclusive=True).method.queue
        self._channel.queue_bind(self._queue, room)
        self.heard: list[str] = []

    def __contains__(self, text: str) -> bool:
        while (found := self._channel.basic_get(self._queue, auto_ack=True))[0] is not None:
            self.heard.append(json.loads(found[2]))
        return text in self.heard

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def ear(project: Project) -> Iterator[Ear]:
    made = Ear(project.amqp_url, ROOM)
    yield made
    made.close()


class Lines:
    """``manage.py post_lines``."""

    def __init__(self, project: Project, **variables: str) -> None:
        with (project.folder / "lines.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "post_lines"],
                cwd=SITE,
                env={**project.environment, **variables},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def tell(self, *words: str) -> None:
        """Returns when it is done."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "done\n"

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def lines(project: Project) -> Iterator[Callable[..., Lines]]:
    made: list[Lines] = []

    def start(**variables: str) -> Lines:
        made.append(Lines(project, **variables))
        return made[-1]

    yield start
    for one in made:
        one.end()


@pytest.fixture(params=["management command", "celery worker", "asgi"])
def post(
    project: Project, lines: Callable[..., Lines], request: pytest.FixtureRequest
) -> Iterator[Post]:
    """Posts by way of one process, or one worker, that goes on all the time."""
    if request.param == "management command":
        command = lines()
        yield lambda text: command.tell("post", ROOM, text)
    elif request.param == "asgi":
        url, _ = project.start_server("switch_site.asgi:application", "posting", "off")
        http = url.replace("ws://", "http://")
        yield lambda text: get(f"{http}/?{urlencode({'room': ROOM, 'text': text})}")
    else:
        words = ("-A", "switch_site.worker", "worker", "--concurrency", "1", "--pool", "prefork")
        more = ("--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "info")
        project.start("-m", "celery", *words, *more, log="celery")
        wait_until(lambda: " ready." in project.log("celery")(), project.log("celery"))
        with celery.Celery(broker=project.amqp_url) as app:
            queue = project.variables["SWITCH_SITE_QUEUE"]
            yield lambda text: app.send_task("post", (ROOM, text), queue=queue)


def get(url: str) -> None:
    with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - it is ours
        assert answer.status == 204


def publishers(operator: Operator) -> list[dict[str, object]]:
    processes = operator.json("notify", "show")["processes"]
    return [p for p in processes if p["role"] == "publisher" and p["live"]]


def test_a_switch_is_followed_without_a_restart(
    project: Project, operator: Operator, ear: Ear, post: Post
) -> None:
    project.start_bridge()
    url, _ = project.start_server()
    with connect(f"{url}/{ROOM}", compression=None) as client:
        post("by rabbitmq")
        assert client.recv(timeout=60) == '"by rabbitmq"'
        wait_until(lambda: "by rabbitmq" in ear)
        before = publishers(operator)
        operator.done("notify", "set", "both", "--execute")
        post("by both")
        assert client.recv(timeout=60) == '"by both"'
        wait_until(lambda: "by both" in ear)
        operator.done("notify", "set", "channels", "--execute", "--old-clients-get-nothing")
        post("by channels")
        assert client.recv(timeout=60) == '"by channels"'
        operator.done("notify", "set", "both", "--execute")
        post("by both again")
        assert client.recv(timeout=60) == '"by both again"'
        wait_until(lambda: "by both again" in ear)
        assert ear.heard == ["by rabbitmq", "by both", "by both again"]
    after = publishers(operator)
    assert [one["pid"] for one in after] == [one["pid"] for one in before] != []
    assert all(one["up_to_date"] for one in after)


def test_what_is_posted_in_a_transaction_is_published_once_it_has_committed(
    ear: Ear, lines: Callable[..., Lines]
) -> None:
    command = lines(SWITCH_SITE_ON_COMMIT="1")
    command.tell("begin")
    command.tell("post", ROOM, "taken back")
    command.tell("rollback")
    command.tell("begin")
    command.tell("post", ROOM, "kept")
    assert "kept" not in ear
    command.tell("commit")
    wait_until(lambda: "kept" in ear)
    command.tell("post", ROOM, "outside of a transaction")
    wait_until(lambda: "outside of a transaction" in ear)
    assert ear.heard == ["kept", "outside of a transaction"]


def test_without_that_setting_it_is_published_at_once(
    ear: Ear, lines: Callable[..., Lines]
) -> None:
    command = lines()
    command.tell("begin")
    command.tell("post", ROOM, "at once")
    wait_until(lambda: "at once" in ear)
    command.tell("rollback")
