"""The old server as a process of its own, in both environments."""

from __future__ import annotations

import contextlib
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pika
import pytest
from legacy_process import LegacyProcess
from legacy_wire import WireClient

from seed_env import NO_PYTHON, seed_python


@pytest.fixture(scope="session", params=["current", "seed"])
def uwsgi(request: pytest.FixtureRequest) -> Path:
    """uWSGI of the environment: requirements/legacy.txt or requirements/legacy-seed.txt."""
    python = Path(sys.executable) if request.param == "current" else seed_python()
    if python is None:
        pytest.skip(NO_PYTHON)
    program = python.with_name("uwsgi")
    if not program.exists():
        pytest.skip("could not run: no uWSGI beside this Python")
    return program


StartServer = Callable[..., LegacyProcess]


@pytest.fixture
def start_server(
    uwsgi: Path, amqp_url: str, tmp_path: Path, free_port: Callable[[], int]
) -> Iterator[StartServer]:
    """Start servers with settings of the test's own; they end with the test, and none of them may
    have logged a traceback."""
    logs: list[Path] = []
    with contextlib.ExitStack() as stack:

        def start(**settings: str) -> LegacyProcess:
            environ = {"LEGACY_WS_AMQP_URL": amqp_url, **settings}
            log = tmp_path / f"uwsgi-{uuid.uuid4().hex[:8]}.log"
            logs.append(log)
            return stack.enter_context(LegacyProcess(uwsgi, environ, log, free_port()))

        yield start
    for text in (log.read_text() for log in logs):
        assert "Traceback" not in text, text


@pytest.fixture(scope="module")
def server(
    uwsgi: Path,
    amqp_url: str,
    tmp_path_factory: pytest.TempPathFactory,
    free_port: Callable[[], int],
) -> Iterator[LegacyProcess]:
    """One server with the default settings."""
    log = tmp_path_factory.mktemp("legacy") / "uwsgi.log"
    with LegacyProcess(uwsgi, {"LEGACY_WS_AMQP_URL": amqp_url}, log, free_port()) as process:
        yield process
    text = log.read_text()
    assert "Traceback" not in text, text


class Room:
    """A room of the test's own, seen from the publishers' side."""

    def __init__(self, channel: pika.adapters.blocking_connection.BlockingChannel) -> None:
        self.name = f"room-{uuid.uuid4().hex[:12]}"
        self._channel = channel
        channel.exchange_declare(self.name, "fanout")

    def publish(self, *bodies: bytes) -> None:
        for body in bodies:
            self._channel.basic_publish(self.name, "", body)

    def has_queue(self) -> bool:
        """Whether any queue is bound: the broker hands a mandatory message back if there is none.
        (Whatever is bound gets an empty message.)"""
        try:
            self._channel.basic_publish(self.name, "", b"", mandatory=True)
        except pika.exceptions.UnroutableError:
            return False
        return True


@pytest.fixture
def new_room(amqp_url: str) -> Iterator[Callable[[], Room]]:
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    channel = connection.channel()
    channel.confirm_delivery()
    yield lambda: Room(channel)
    connection.close()


@pytest.fixture
def room(new_room: Callable[[], Room]) -> Room:
    return new_room()


@pytest.fixture
def join() -> Iterator[Callable[..., WireClient]]:
    """Connect clients to rooms; they are gone when the test ends."""
    with contextlib.ExitStack() as stack:

        def join(server: LegacyProcess, room: Room | str, **options: object) -> WireClient:
            name = room if isinstance(room, str) else room.name
            client = stack.enter_context(WireClient(f"{server.url}/{name}", **options))
            assert client.response is not None
            assert client.response.status_code == 101, client.response
            return client

        yield join
