"""The django-notifs channel ``websocket``, in every environment that publishes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pika
import pytest

from old_notifs import old_notifs_folder
from seed_env import NO_PYTHON, seed_python

ROOT = Path(__file__).resolve().parents[4]
SCRIPT = Path(__file__).with_name("notify_script.py")
MESSAGES: list[Any] = [
    {"user": {"id": 1, "username": "é"}, "message": "hello 😀 <b>"},
    {"z": 1, "a": 1.0, "big": 2**70, "none": None},
    "just text",
    "",
    [],
    {"long": "x" * 200_000},
    "just text",
]


@dataclass(frozen=True)
class Publisher:
    """A Python with Django, django-notifs and pika, and what it has to find first."""

    python: Path
    path: tuple[Path, ...] = ()

    def notify(
        self, amqp_url: str, *notifications: tuple[str, Any]
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.python, SCRIPT],
            input=json.dumps(notifications),
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(map(str, (*self.path, ROOT))),
                "WSMIGRATE_AMQP_URL": amqp_url,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


def current() -> Publisher:
    return Publisher(Path(sys.executable))


def before_4_0() -> Publisher:
    return Publisher(Path(sys.executable), (old_notifs_folder(),))


def of_the_tutorial() -> Publisher:
    python = seed_python()
    if python is None:
        pytest.skip(NO_PYTHON)
    return Publisher(python)


@pytest.fixture(params=[current, before_4_0, of_the_tutorial], ids=lambda make: make.__name__)
def publisher(request: pytest.FixtureRequest) -> Publisher:
    make: Callable[[], Publisher] = request.param
    return make()


@pytest.fixture
def room() -> str:
    return f"chambre-é-{uuid.uuid4().hex}"


@pytest.fixture
def listener(amqp_url: str, room: str) -> Iterator[Callable[[], list[Any]]]:
    """Reads, in order, the properties and bodies that a legacy socket of the room would get."""
    with closing(pika.BlockingConnection(pika.URLParameters(amqp_url))) as connection:
        channel = connection.channel()
        channel.exchange_declare(room, exchange_type="fanout")
        queue = channel.queue_declare("", exclusive=True).method.queue
        channel.queue_bind(queue, room)

        def read() -> list[Any]:
            got = []
            for method, properties, body in channel.consume(
                queue, auto_ack=True, inactivity_timeout=0.5
            ):
                if method is None:
                    return got
                got.append((properties, body))
            return got

        yield read


def test_the_body_is_json_dumps_of_the_message_byte_for_byte_and_in_order(
    publisher: Publisher, amqp_url: str, room: str, listener: Callable[[], list[Any]]
) -> None:
    ended = publisher.notify(amqp_url, *((room, message) for message in MESSAGES))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    got = listener()
    assert [body for _, body in got] == [json.dumps(message).encode() for message in MESSAGES]
    ids = [properties.message_id for properties, _ in got]
    assert all(ids)
    assert len(set(ids)) == len(ids)


def test_a_room_without_listeners_and_without_an_exchange_can_be_published_to(
    publisher: Publisher, amqp_url: str, room: str
) -> None:
    ended = publisher.notify(amqp_url, (room, "nobody hears this"))
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_a_room_that_cannot_be_fails_before_anything_is_published(
    publisher: Publisher, amqp_url: str
) -> None:
    ended = publisher.notify(amqp_url, ("amq.fanout", "x"))
    assert ended.returncode == 1
    assert "RoomError" in ended.stdout


def test_without_a_broker_the_error_names_it_without_the_password(
    publisher: Publisher, room: str, free_port: Callable[[], int]
) -> None:
    ended = publisher.notify(f"amqp://user:s3cr3t@127.0.0.1:{free_port()}/", (room, "x"))
    assert ended.returncode == 1
    assert "UnavailableError The message was not published" in ended.stdout
    assert "s3cr3t" not in ended.stdout + ended.stderr
