"""Talking back: what clients send over their sockets, to the new server as a process."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from guarded_site import GuardedServer, start, token, with_users
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from project import Project, wait_until
from relay import Relay

BROADCAST: dict[str, Any] = {"INBOUND": "broadcast"}
LIMIT_S = 30


def talking(project: Project, **wsmigrate: Any) -> GuardedServer:
    """A server on which clients may talk back, with its bridge and users."""
    server = start(project, **{**BROADCAST, **wsmigrate})
    project.start_bridge()
    with_users(project)
    return server


@contextmanager
def member(server: GuardedServer, room: str, user: int = 1) -> Iterator[ClientConnection]:
    with server.open(room, subprotocols=["access_token", token(user)], max_size=None) as client:
        yield client


def error_of(client: ClientConnection) -> tuple[str, int]:
    frame = json.loads(client.recv(timeout=LIMIT_S))
    assert frame["detail"]
    return frame["error"], frame["message_number"]


def close_code(client: ClientConnection) -> int:
    with pytest.raises(ConnectionClosed) as closed:
        deque(iter(lambda: client.recv(timeout=LIMIT_S), None))
    assert closed.value.rcvd is not None
    return int(closed.value.rcvd.code)


def test_a_members_message_goes_to_the_room_by_way_of_the_broker(
    project: Project, broker: Any, room: str
) -> None:
    server = talking(project)
    text = '{ "b":1,"a": [1.50, "é\\u00e9😀"] }'
    with member(server, room) as ada, server.open(room) as listener:
        old_server = broker.queue_declare("", exclusive=True).method.queue
        broker.queue_bind(old_server, room)
        ada.send(text)
        published = json.dumps(json.loads(text))  # as notify() would
        assert ada.recv(timeout=LIMIT_S) == published
        assert listener.recv(timeout=LIMIT_S) == published
        _, properties, body = broker.basic_get(old_server, auto_ack=True)
        assert body == published.encode()
        assert properties.message_id
    assert server.figure("wsmigrate_inbound", outcome="published") == 1


def test_without_the_setting_nothing_goes_anywhere(
    project: Project, broker: Any, room: str
) -> None:
    server = talking(project, INBOUND="off")
    with member(server, room) as ada:
        ada.send('{"message": "hello"}')
        ada.send(b"bytes")
        ada.send("x" * 100_000)
        broker.basic_publish(room, "", b"only this")
        assert ada.recv(timeout=LIMIT_S) == "only this"


def test_by_socket_and_by_post_the_room_gets_the_same_bytes_and_both_are_saved(
    project: Project,
) -> None:
    project.variables = {"CHATIRE_INBOUND": "1"}
    server = start(project, AUTHORIZE="chat.policies.members_only")
    project.start_bridge()
    uri = with_users(
        project,
        "from chat.models import Chat, Membership\n"
        "chat = Chat.objects.create(owner=ada)\n"
        "Membership.objects.create(chat=chat, user=ada)\n"
        "print(chat.uri)\n",
    )
    address = f"{server.url.replace('ws:', 'http:')}/api/chats/{uri}/messages/"
    headers = {"Authorization": f"Bearer {token()}"}
    text = " <b>é</b> 😀\u2028"
    with member(server, uri) as ada:
        answer = httpx.post(address, json={"message": text}, headers=headers, timeout=LIMIT_S)
        assert answer.status_code == 201
        posted = ada.recv(timeout=LIMIT_S, decode=False)
        ada.send(json.dumps({"message": text}))
        assert ada.recv(timeout=LIMIT_S, decode=False) == posted
        for wrong in ({"message": ""}, {"message": 1}, {"text": "x"}, {"message": "\ud800"}):
            ada.send(json.dumps(wrong))
            assert error_of(ada)[0] == "refused", wrong
    saved = httpx.get(address, headers=headers, timeout=LIMIT_S).json()["messages"]
    assert [entry["message"] for entry in saved] == [text, text]


def test_who_listens_under_open_may_not_send_without_a_name(project: Project, room: str) -> None:
    server = talking(project)
    with server.open(room) as anonymous, member(server, room) as ada:
        anonymous.send('{"message": "I am nobody"}')
        assert error_of(anonymous) == ("not-allowed", 1)
        ada.send('{"message": "I am Ada"}')
        assert anonymous.recv(timeout=LIMIT_S) == '{"message": "I am Ada"}'
    for text in (token(3), token(exp=1), "nonsense"):
        with server.open(room, subprotocols=["access_token", text]) as pretender:
            pretender.send("{}")
            assert error_of(pretender) == ("not-allowed", 1)


def test_a_setting_lets_anybody_send(project: Project, room: str) -> None:
    server = talking(project, INBOUND_AUTHORIZE="open")
    with server.open(room) as anonymous:
        anonymous.send('{"message": "I am nobody"}')
        assert anonymous.recv(timeout=LIMIT_S) == '{"message": "I am nobody"}'


def test_who_is_let_in_by_report_only_may_not_send(project: Project, room: str) -> None:
    server = talking(project, AUTHORIZE="guarded_hooks.only_ada", AUTHORIZE_MODE="report-only")
    with member(server, room, 2) as ben, member(server, room, 1) as ada:
        ben.send('{"message": "I am Ben"}')
        assert error_of(ben) == ("not-allowed", 1)
        ada.send('{"message": "I am Ada"}')
        assert ben.recv(timeout=LIMIT_S) == '{"message": "I am Ada"}'


def test_a_policy_for_sending_is_asked_for_each_message(project: Project, room: str) -> None:
    server = talking(project, INBOUND_AUTHORIZE="guarded_hooks.only_ada")
    with member(server, room, 2) as ben, member(server, room, 1) as ada:
        ben.send("{}")
        assert error_of(ben) == ("not-allowed", 1)
        ada.send('{"n": 1}')
        assert ben.recv(timeout=LIMIT_S) == '{"n": 1}'


def test_a_token_that_has_expired_sends_no_more(project: Project, room: str) -> None:
    server = talking(project, CLOSE_ON_TOKEN_EXPIRY=False)
    until = int(time.time()) + 5
    with server.open(room, subprotocols=["access_token", token(exp=until)]) as client:
        client.send('{"n": 1}')
        assert client.recv(timeout=LIMIT_S) == '{"n": 1}'
        time.sleep(max(until + 0.5 - time.time(), 0))
        client.send('{"n": 2}')
        assert error_of(client) == ("not-allowed", 2)


def test_what_is_no_json_object_is_answered_and_the_socket_stays(
    project: Project, room: str
) -> None:
    server = talking(project)
    with member(server, room) as ada:
        for number, text in enumerate(("hello", "[1]", '{"a": NaN}'), start=1):
            ada.send(text)
            assert error_of(ada) == ("not-json", number)
        ada.send('{"n": 4}')
        assert ada.recv(timeout=LIMIT_S) == '{"n": 4}'
    assert server.figure("wsmigrate_inbound", outcome="not-json") == 3


def test_bytes_and_large_messages_close_the_socket(project: Project, room: str) -> None:
    server = talking(project, INBOUND_MAX_BYTES=100)
    with member(server, room) as ada, member(server, room) as ben:
        fits = json.dumps({"m": "x" * 91})
        assert len(fits) == 100
        ada.send(fits)
        assert ben.recv(timeout=LIMIT_S) == fits
        ada.send(b"{}")
        assert close_code(ada) == 1003
        ben.send(json.dumps({"m": "é" * 50}, ensure_ascii=False))
        assert close_code(ben) == 1009


def test_what_would_be_too_large_for_the_room_is_answered(project: Project, room: str) -> None:
    server = talking(project, MAX_MESSAGE_BYTES=200)
    with member(server, room) as ada:
        ada.send(json.dumps({"m": "é" * 90}, ensure_ascii=False))  # JSON's \u00e9 takes six bytes
        assert error_of(ada) == ("too-large", 1)
        ada.send('{"n": 2}')
        assert ada.recv(timeout=LIMIT_S) == '{"n": 2}'


def test_who_sends_too_fast_is_told_and_who_goes_on_is_closed(project: Project, room: str) -> None:
    server = talking(project, INBOUND_PER_SECOND=0.5, INBOUND_BURST=3)
    with member(server, room) as ada, member(server, room) as ben:
        for number in range(1, 5):
            ada.send(json.dumps({"n": number}))
        assert sorted(json.loads(ada.recv(timeout=LIMIT_S)).get("n", 0) for _ in range(4)) == [
            *(0, 1, 2, 3)
        ]
        assert [json.loads(ben.recv(timeout=LIMIT_S))["n"] for _ in range(3)] == [1, 2, 3]
        ben.send('{"n": "the limit is each socket\'s own"}')
        assert "own" in str(ada.recv(timeout=LIMIT_S))
        for _ in range(60):
            ada.send("{}")
        assert close_code(ada) == 1008


def test_messages_of_one_socket_keep_their_order(project: Project, room: str) -> None:
    server = talking(
        project,
        INBOUND_PER_SECOND=100_000,
        INBOUND_BURST=1000,
        INBOUND_WAITING=1000,
        INBOUND_HOOK="guarded_hooks.signs",
    )
    with member(server, room, 1) as ada, member(server, room, 2) as ben:
        for number in range(200):
            ada.send(json.dumps({"n": number}))
            ben.send(json.dumps({"n": number}))
        got = [json.loads(ada.recv(timeout=LIMIT_S)) for _ in range(400)]
    for name in ("ada", "ben"):
        assert [entry["n"] for entry in got if entry["by"] == name] == [*range(200)]
    assert all(entry["in"] == room for entry in got)


@pytest.mark.parametrize(
    ("hook", "answer"),
    [
        ("refuses", "refused"),
        ("fails_to_save", "failed"),
        ("takes_ages", "failed"),
        ("returns_no_json", "failed"),
    ],
)
def test_a_hook_that_does_not_take_a_message_has_it_answered(
    project: Project, broker: Any, room: str, hook: str, answer: str
) -> None:
    server = talking(project, INBOUND_HOOK=f"guarded_hooks.{hook}", INBOUND_TIMEOUT_S=1.0)
    with member(server, room) as ada:
        ada.send('{"secret": "s3cret"}')
        assert error_of(ada) == (answer, 1)
        broker.basic_publish(room, "", b"nothing came before this")
        assert ada.recv(timeout=LIMIT_S) == "nothing came before this"
    assert "s3cret" not in server.log()
    assert server.figure("wsmigrate_inbound", outcome=answer) == 1


def test_a_hook_may_keep_a_message_to_itself(project: Project, broker: Any, room: str) -> None:
    server = talking(project, INBOUND_HOOK="guarded_hooks.keeps")
    with member(server, room) as ada:
        ada.send("{}")
        wait_until(lambda: server.figure("wsmigrate_inbound", outcome="kept") == 1)
        broker.basic_publish(room, "", b"only this")
        assert ada.recv(timeout=LIMIT_S) == "only this"


def test_straight_to_the_layer_if_that_is_the_backend(project: Project, room: str) -> None:
    server = start(project, **BROADCAST, NOTIFY_BACKEND="channels")
    with_users(project)
    with member(server, room) as ada, server.open(room) as listener:
        for number in range(10):
            ada.send(json.dumps({"n": number}))
        for client in (ada, listener):
            got = [json.loads(client.recv(timeout=LIMIT_S))["n"] for _ in range(10)]
            assert got == [*range(10)]


def test_while_the_broker_is_away_the_sender_is_told_and_others_are_not_held_up(
    project: Project, room: str, relay: Relay, relayed_url: str
) -> None:
    project.amqp_url = relayed_url
    server = start(project, **BROADCAST, INBOUND_WAITING=2)
    with_users(project)
    with member(server, room) as ada:
        relay.cut()
        ada.send('{"n": 1}')
        assert ada.ping().wait(timeout=10)
        assert error_of(ada) == ("not-published", 1)
        relay.restore()
