"""Who gets in: the new server as a process, with real tokens and a real site behind it."""

from __future__ import annotations

import time
import uuid
from typing import Any

import pika.exceptions
import pytest
from guarded_site import KEY, GuardedServer, prepare, start, token, with_users
from websockets.exceptions import ConnectionClosed

from project import Project

MEMBERS_ONLY = "chat.policies.members_only"


def test_only_a_valid_token_of_an_active_user_opens_a_socket(project: Project, room: str) -> None:
    server = start(project, AUTHORIZE="authenticated")
    with_users(project)
    refused = {
        "no token": None,
        "empty": "",
        "garbage": "s3cret.s3cret.s3cret",
        "not ascii": "é",
        "expired": token(exp=int(time.time()) - 10),
        "without expiry": token(exp=None),
        "with an expiry that cannot be": token(exp=10**18),
        "wrong signature": token(key="another key, which is just as long as that one"),
        "another algorithm": token(key=KEY * 2, algorithm="HS512"),
        "no signature at all": token(key="", algorithm="none"),
        "a refresh token": token(token_type="refresh"),
        "of no type": token(token_type=None),
        "of nobody": token(user_id=None),
        "of what is no user": token("x"),
        "inactive": token(3),
        "deleted": token(4),
    }
    for what, text in refused.items():
        headers = {"Authorization": f"Bearer {text}"} if text is not None else {}
        assert server.answer(room, additional_headers=headers) == 403, what
    assert server.answer(room, token(1)) == 101
    said = server.log()
    for text in refused.values():
        assert not text or len(text) < 10 or text not in said
    assert "s3cret" not in said
    for reason, count in {
        "anonymous": 1,
        "token-expired": 1,
        "user-inactive": 1,
        "user-unknown": 2,
    }.items():
        assert server.figure("wsmigrate_handshakes_refused", reason=reason) == count, reason
        assert reason in said


def test_a_token_is_taken_from_all_places_but_the_query_string(project: Project, room: str) -> None:
    server = start(project, AUTHORIZE="authenticated")
    with_users(project)
    mine = token()
    with server.open(room, subprotocols=["access_token", mine]) as client:
        assert client.subprotocol == "access_token"
        assert client.response is not None
        assert client.response.headers.get_all("Sec-WebSocket-Protocol") == ["access_token"]
    with server.open(room, subprotocols=["chat.v1", "access_token", mine]) as client:
        assert client.subprotocol == "chat.v1"
    assert server.answer(room, mine) == 101
    assert server.answer(room, additional_headers={"Cookie": f"access_token={mine}"}) == 101
    assert server.answer(f"{room}?access_token={mine}") == 403
    assert server.answer(room, subprotocols=["chat.v1", mine]) == 403
    assert mine not in server.log()


def test_a_token_in_the_query_string_is_taken_if_a_setting_says_so_and_not_logged(
    project: Project, room: str
) -> None:
    server = start(project, AUTHORIZE="authenticated", TOKEN_SOURCES=["query"])
    with_users(project)
    good, bad = token(), token(exp=1)
    assert server.answer(f"{room}?access_token={good}") == 101
    assert server.answer(f"{room}?access_token={bad}") == 403
    assert server.answer(room, good) == 403
    said = server.log()
    assert "access_token=..." in said
    assert good not in said
    assert bad not in said


def test_a_refusal_comes_before_anything_is_made_in_the_broker(
    project: Project, broker: Any, room: str
) -> None:
    server = start(project, AUTHORIZE="authenticated")
    assert server.answer(room) == 403
    with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="404"):
        broker.exchange_declare(room, passive=True)


def test_open_lets_everybody_in_and_does_not_open_the_sites_database(
    project: Project, room: str
) -> None:
    server = start(project, ("django.contrib.sessions",))
    for headers in (
        {},
        {"Authorization": "Bearer nonsense"},
        {"Cookie": f"sessionid=abc; access_token={token()}"},
        {"Origin": "https://anywhere.example"},
    ):
        assert server.answer(room, additional_headers=headers) == 101, headers
    assert not (project.folder / "site.sqlite3").exists()
    assert server.figure("wsmigrate_handshakes_refused", reason="token-invalid") == 0


def test_a_user_who_is_signed_in_by_a_session_needs_no_token(project: Project, room: str) -> None:
    server = start(project, ("django.contrib.sessions",), AUTHORIZE="authenticated")
    key = with_users(
        project,
        "from django.contrib.sessions.backends.db import SessionStore\n"
        "store = SessionStore()\n"
        "store['_auth_user_id'] = str(ada.pk)\n"
        "store['_auth_user_backend'] = 'django.contrib.auth.backends.ModelBackend'\n"
        "store['_auth_user_hash'] = ada.get_session_auth_hash()\n"
        "store.create()\n"
        "print(store.session_key)\n",
    )
    session = {"Cookie": f"sessionid={key}"}
    assert server.answer(room, additional_headers=session) == 101
    assert server.answer(room, additional_headers={"Cookie": "sessionid=unknown"}) == 403
    stale = {"Cookie": f"sessionid={key}; access_token={token(exp=1)}"}
    assert server.answer(room, additional_headers=stale) == 101
    wrong = {**session, "Authorization": f"Bearer {token(exp=1)}"}
    assert server.answer(room, additional_headers=wrong) == 403


def test_members_of_a_chat_get_in_and_nobody_else(project: Project) -> None:
    server = start(project, AUTHORIZE=MEMBERS_ONLY)
    uri = with_users(
        project,
        "from chat.models import Chat, Membership\n"
        "chat = Chat.objects.create(owner=ada)\n"
        "Membership.objects.create(chat=chat, user=ada)\n"
        "print(chat.uri)\n",
    )
    assert server.answer(uri, token(1)) == 101
    assert server.answer(uri, token(2)) == 403
    assert server.answer(uri) == 403
    assert server.answer(f"no-{uri}", token(1)) == 403
    assert server.answer(f"/{uri}/", token(1)) == 101  # another spelling of the room
    assert server.figure("wsmigrate_handshakes_refused", reason="policy") == 3


def test_a_policy_may_be_a_plain_function(project: Project, room: str) -> None:
    server = start(project, AUTHORIZE="guarded_hooks.only_ada")
    with_users(project)
    assert server.answer(room, token(1)) == 101
    assert server.answer(room, token(2)) == 403
    assert server.answer(f"x{room}", token(1)) == 403
    assert server.answer(room) == 403


@pytest.mark.parametrize(
    ("hook", "status", "reason"),
    [
        ("says_no", 403, "policy"),
        ("forgets_to_answer", 403, "policy"),
        ("raises", 503, "policy-failed"),
        ("never_ends", 503, "too-slow"),
        ("blocks", 503, "too-slow"),
    ],
)
def test_a_policy_that_does_not_say_yes_lets_nobody_in(
    project: Project, room: str, hook: str, status: int, reason: str
) -> None:
    server = start(project, AUTHORIZE=f"guarded_hooks.{hook}", AUTHORIZE_TIMEOUT_S=1.0)
    assert server.answer(room) == status
    assert server.figure("wsmigrate_handshakes_refused", reason=reason) == 1


def test_without_its_database_the_site_lets_nobody_in_who_has_to_be_looked_up(
    project: Project, room: str
) -> None:
    server = start(project, AUTHORIZE="authenticated")  # and no table of users
    assert server.answer(room, token()) == 503
    assert server.answer(room) == 403
    assert server.figure("wsmigrate_handshakes_refused", reason="lookup-failed") == 1


def test_a_policy_that_cannot_be_imported_keeps_the_server_from_starting(project: Project) -> None:
    prepare(project, AUTHORIZE="guarded_hooks.no_such_function")
    server = project.start(
        *("-m", "uvicorn", "guarded_asgi:application", "--lifespan", "on"),
        *("--port", str(project.free_port())),
        log="bare",
    )
    assert server.wait(60) != 0
    said = project.log("bare")()
    assert "WSMIGRATE['AUTHORIZE'] names 'guarded_hooks.no_such_function'" in said
    assert "Traceback" not in said


def test_origins_that_are_not_on_the_list_are_refused(project: Project, room: str) -> None:
    server = start(
        project,
        ALLOWED_ORIGINS=["https://chat.example.com", "https://*.pages.example:8443"],
        ALLOW_MISSING_ORIGIN=False,
    )

    def answer(origin: str | None) -> int:
        headers = {"Origin": origin} if origin else {}
        return server.answer(room, additional_headers=headers)

    assert answer("https://chat.example.com") == 101
    assert answer("https://a.pages.example:8443") == 101
    assert answer("http://chat.example.com") == 403
    assert answer("https://a.pages.example") == 403
    assert answer("null") == 403
    assert answer(None) == 403
    assert server.figure("wsmigrate_handshakes_refused", reason="origin") == 3
    assert server.figure("wsmigrate_handshakes_refused", reason="origin-missing") == 1
    assert "http://chat.example.com" in server.log()


def test_report_only_lets_in_and_counts_who_would_be_refused(project: Project, room: str) -> None:
    server = start(
        project,
        AUTHORIZE=MEMBERS_ONLY,
        AUTHORIZE_MODE="report-only",
        ALLOWED_ORIGINS=["https://chat.example.com"],
    )
    with_users(project)
    expired = token(exp=1)
    assert server.answer(room) == 101
    assert server.answer(room, token(1)) == 101
    assert server.answer(room, expired) == 101
    evil = {"Origin": "https://evil.example"}
    assert server.answer(room, additional_headers=evil) == 101
    for reason, count in {"policy": 2, "token-expired": 1, "origin": 1}.items():
        assert server.figure("wsmigrate_would_refuse", reason=reason) == count, reason
    assert server.figure("wsmigrate_handshakes_refused", reason="policy") == 0
    assert expired not in server.log()


def test_a_socket_ends_with_its_token(project: Project, broker: Any, room: str) -> None:
    project.variables = {"TEST_LEEWAY_S": "1"}
    server = start(project, AUTHORIZE="authenticated")
    project.start_bridge()
    with_users(project)
    until = int(time.time()) + 5
    with (
        server.open(room, subprotocols=["access_token", token(exp=until)]) as short,
        server.open(room, subprotocols=["access_token", token(exp=4 * 10**9)]) as long,
    ):
        broker.basic_publish(room, "", b"before")
        assert short.recv(timeout=30) == "before"
        with pytest.raises(ConnectionClosed) as closed:
            short.recv(timeout=60)
        assert time.time() >= until + 1  # with the leeway of the site's REST API
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401
        broker.basic_publish(room, "", b"after")
        assert [long.recv(timeout=30) for _ in range(2)] == ["before", "after"]
    assert server.figure("wsmigrate_token_expired") == 1


def test_by_setting_a_socket_outlives_its_token(project: Project, broker: Any, room: str) -> None:
    server = start(project, AUTHORIZE="authenticated", CLOSE_ON_TOKEN_EXPIRY=False)
    project.start_bridge()
    with_users(project)
    until = int(time.time()) + 5
    with server.open(room, subprotocols=["access_token", token(exp=until)]) as client:
        time.sleep(max(until + 1 - time.time(), 0))
        broker.basic_publish(room, "", b"still here")
        assert client.recv(timeout=30) == "still here"


def test_a_token_on_the_blacklist_is_refused(project: Project, room: str) -> None:
    server = start(
        project, ("rest_framework_simplejwt.token_blacklist",), AUTHORIZE="authenticated"
    )
    revoked = uuid.uuid4().hex
    with_users(
        project,
        "from datetime import datetime, timezone\n"
        "from rest_framework_simplejwt.token_blacklist.models import *\n"
        "when = datetime(2100, 1, 1, tzinfo=timezone.utc)\n"
        f"known = OutstandingToken.objects.create(jti='{revoked}', token='x', expires_at=when)\n"
        "BlacklistedToken.objects.create(token=known)\n",
    )
    assert server.answer(room, token(jti=revoked)) == 403
    assert server.answer(room, token()) == 101
    assert server.figure("wsmigrate_handshakes_refused", reason="token-revoked") == 1


def test_a_consumer_of_the_projects_own_gets_its_user_from_the_middleware(
    project: Project, room: str
) -> None:
    prepare(project)
    with_users(project)
    url, _ = project.start_server("own_asgi:application", lifespan="off")
    own = GuardedServer(project, url)

    def who(*subprotocols: str) -> str | bytes:
        with own.open(room, subprotocols=list(subprotocols) or None) as client:
            return client.recv(timeout=30)

    assert who("access_token", token(2)) == "ben"
    assert who("access_token", token(3)) == "AnonymousUser"
    assert who() == "AnonymousUser"
