"""The backend ``both``, and the reverse relay: clients of the old and of the new server hear what
is published in any way, once."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from varied import channel_to, client_of, hears_nothing_more, new_name, received, vary

from project import Project, wait_until


class LegacySocket:
    """What a client of the old server has: an exclusive queue on the room's exchange."""

    def __init__(self, channel: Any, room: str) -> None:
        self._channel = channel
        channel.exchange_declare(room, "fanout")
        self._queue = channel.queue_declare("", exclusive=True).method.queue
        channel.queue_bind(self._queue, room)

    def received(self) -> list[bytes]:
        """What has come."""
        found = []
        while (message := self._channel.basic_get(self._queue, auto_ack=True))[2] is not None:
            found.append(message[2])
        return found


@pytest.fixture
def room() -> str:
    return new_name("room")


@pytest.fixture
def legacy(project: Project, room: str) -> Iterator[LegacySocket]:
    with channel_to(project.amqp_url) as channel:
        yield LegacySocket(channel, room)


def notify(project: Project, room: str, *texts: str) -> None:
    """What a view does."""
    script = (
        "import sys, json, django; django.setup()\n"
        "from django.apps import apps\n"
        "from channels_ws.notify.publication import publication_of\n"
        "room, texts = json.loads(sys.argv[1])\n"
        "for text in texts:\n"
        "    apps.get_app_config('channels_ws_notify').publisher.publish(\n"
        "        publication_of({'room_name': room, 'message': text}, {}, 'room_name'))\n"
    )
    project.run("-c", script, json.dumps([room, texts]))


def publish_to_layer(project: Project, room: str, *texts: str) -> None:
    with psycopg.connect(project.postgres_dsn, autocommit=True) as connection:
        for text in texts:
            connection.execute("SELECT wsmigrate_publish(%s, %s)", (room, text))


def has_moved_on(project: Project) -> bool:
    """Whether the reverse relay's cursor is at the end of the log."""
    with psycopg.connect(project.postgres_dsn, autocommit=True) as connection:
        row = connection.execute(
            'SELECT "offset" >= (SELECT max(id) FROM wsmigrate_message) FROM wsmigrate_cursor'
            " WHERE inbox = 'wsmigrate.reverse'"
        ).fetchone()
    return bool(row and row[0])


def start_reverse(project: Project, log: str = "reverse") -> subprocess.Popen[bytes]:
    process = project.start("-m", "migrate_cli", "bridge", "reverse", log=log)
    wait_until(lambda: "Relaying from the layer" in project.log(log)(), project.log(log))
    return process


def test_what_is_published_to_both_is_heard_once_on_either_server(
    project: Project, room: str, legacy: LegacySocket
) -> None:
    vary(project, NOTIFY_BACKEND="both")
    served = project.serve()
    project.start_bridge()
    start_reverse(project)
    with client_of(served.url, room) as client:
        notify(project, room, "1", "2", "3")
        assert received(client, 3) == ['"1"', '"2"', '"3"']
        assert hears_nothing_more(client)
    assert legacy.received() == [b'"1"', b'"2"', b'"3"']
    compared = sum(
        served.figure(f'wsmigrate_copies_total{{outcome="{first}-first"}}')
        for first in ("rabbitmq", "channels")
    )
    assert compared == 3
    assert served.figure('wsmigrate_copies_total{outcome="different"}') == 0


def test_the_reverse_relay_carries_what_only_the_layer_has_to_legacy_sockets_once(
    project: Project, room: str, legacy: LegacySocket
) -> None:
    vary(project)
    url, _ = project.start_server()
    project.start_bridge()
    publish_to_layer(project, room, "before anything")
    relay = start_reverse(project)
    heard: list[bytes] = []

    def hears(count: int) -> bool:
        heard.extend(legacy.received())
        return len(heard) >= count

    with client_of(url, room) as client, channel_to(project.amqp_url) as broker:
        publish_to_layer(project, room, "a", "b")
        publish_to_layer(project, new_name("no-exchange"), "nobody's")
        wait_until(lambda: hears(2), project.log("reverse"))
        wait_until(lambda: has_moved_on(project))  # killed before, they would be heard twice
        broker.basic_publish(room, "", b"by RabbitMQ")
        assert received(client, 3) == ["a", "b", "by RabbitMQ"]
        relay.kill()
        relay.wait(20)
        publish_to_layer(project, room, "while it is away")
        start_reverse(project, log="second")
        wait_until(lambda: hears(4), project.log("second"))
        assert received(client, 1) == ["while it is away"]
        assert hears_nothing_more(client)
    assert heard + legacy.received() == [b"a", b"b", b"by RabbitMQ", b"while it is away"]


def test_of_two_reverse_relays_one_works_and_the_other_stands_in(
    project: Project, room: str, legacy: LegacySocket
) -> None:
    vary(project, BRIDGE_LEASE_S=2)
    first = start_reverse(project, log="first")
    project.start("-m", "migrate_cli", "bridge", "reverse", log="second")
    publish_to_layer(project, room, "1")
    heard: list[bytes] = []

    def hears(count: int) -> bool:
        heard.extend(legacy.received())
        return len(heard) >= count

    wait_until(lambda: hears(1), project.log("first"))
    wait_until(lambda: has_moved_on(project))  # killed before, it would be heard twice
    first.kill()
    first.wait(20)
    publish_to_layer(project, room, "2")
    wait_until(lambda: hears(2), project.log("second"))
    assert heard == [b"1", b"2"]


def test_what_cannot_be_published_to_an_exchange_holds_up_nothing(
    project: Project, room: str, legacy: LegacySocket
) -> None:
    """Any program may write into the layer."""
    vary(project)
    start_reverse(project)
    with psycopg.connect(project.postgres_dsn, autocommit=True) as connection:
        for name in ("", "amq.fanout", "x" * 300, "a/b", "line\nbreak"):
            event = {"type": "t", "message": "m", "id": "1", "room": name, "via": "channels"}
            connection.execute("SELECT wsmigrate_group_send('group', %s)", (json.dumps(event),))
        connection.execute("SELECT wsmigrate_publish(%s, 'long id', %s)", (room, "i" * 300))
    publish_to_layer(project, room, "after")
    heard: list[bytes] = []

    def hears(count: int) -> bool:
        heard.extend(legacy.received())
        return len(heard) >= count

    wait_until(lambda: hears(2), project.log("reverse"))
    assert heard == [b"long id", b"after"]
    assert "is not published" in project.log("reverse")()
