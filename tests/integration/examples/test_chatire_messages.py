"""Sending messages and reading them."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from chatire_site import Account, Site, running_site, uwsgi

MEBIBYTE = 1 << 20


def test_a_message_is_answered_and_listed_in_the_same_form(ada: Account) -> None:
    uri = ada.start_chat()
    answer = ada.say(uri, "hello")
    assert answer.status_code == 201
    assert answer.json() == {"uri": uri, "user": ada.user, "message": "hello"}
    assert list(answer.json()["user"]) == ["id", "username", "email", "first_name", "last_name"]
    listed = ada.call("GET", f"chats/{uri}/messages/").json()
    assert listed == {"uri": uri, "messages": [{"user": ada.user, "message": "hello"}]}


def test_whoever_has_the_messages_up_to_a_cursor_gets_the_rest(ada: Account) -> None:
    uri = ada.start_chat()
    messages = f"chats/{uri}/messages/"
    empty = ada.call("GET", f"{messages}?after=0").json()
    assert empty == {"uri": uri, "messages": [], "cursor": 0}
    for text in ("one", "two"):
        ada.say(uri, text)
    first = ada.call("GET", f"{messages}?after=0").json()
    assert [entry["message"] for entry in first["messages"]] == ["one", "two"]
    ada.say(uri, "three")
    rest = ada.call("GET", f"{messages}?after={first['cursor']}").json()
    assert [entry["message"] for entry in rest["messages"]] == ["three"]
    nothing_new = ada.call("GET", f"{messages}?after={rest['cursor']}").json()
    assert (nothing_new["messages"], nothing_new["cursor"]) == ([], rest["cursor"])


@pytest.mark.parametrize("after", ["-1", "x", str(2**63)])
def test_a_cursor_that_cannot_be_is_refused(ada: Account, after: str) -> None:
    uri = ada.start_chat()
    assert ada.call("GET", f"chats/{uri}/messages/?after={after}").status_code == 400


@pytest.mark.parametrize(
    "text",
    [
        " ",
        "\n",
        "<b>bold</b> & <script>alert('no')</script>",
        "emoji 🎉👩‍👩‍👧‍👦, שלום, 你好",
        "\u0001\u001f\u007f\u2028",
        "long " * 40_000,
        "🎉" * (MEBIBYTE // 4),
        "\u0001" * MEBIBYTE,
    ],
    ids=["space", "newline", "markup", "unicode", "controls", "200 kB", "1 MiB", "1 MiB escaped"],
)
def test_any_text_up_to_a_mebibyte_comes_back_to_the_letter(ada: Account, text: str) -> None:
    uri = ada.start_chat()
    body = json.dumps({"message": text})
    answer = ada.site.http.post(
        f"/api/chats/{uri}/messages/",
        content=body,
        headers={"Authorization": f"Bearer {ada.token}", "Content-Type": "application/json"},
    )
    assert answer.status_code == 201
    assert answer.json()["message"] == text
    assert ada.texts(uri) == [text]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"{",
        b"[" * 200_000,
        b'{"message": ""}',
        b'{"message": null}',
        b'{"message": 7}',
        b'{"message": NaN}',
        b'{"message": ["a"]}',
        b'{"message": "nul \\u0000"}',
        b'{"message": "half \\ud83d"}',
        b'{"message": "not utf-8 \xff"}',
        json.dumps({"message": "x" * (MEBIBYTE + 1)}).encode(),
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_is_no_message_is_refused_and_not_saved(ada: Account, body: bytes) -> None:
    uri = ada.start_chat()
    answer = _post(ada, uri, body)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/json"
    assert ada.texts(uri) == []


def test_a_request_that_no_message_needs_is_too_large(ada: Account) -> None:
    body = json.dumps({"message": "x" * (9 * MEBIBYTE)}).encode()
    assert _post(ada, ada.start_chat(), body).status_code == 413


def test_threads_that_post_at_the_same_time_all_get_through_and_in_order(
    site: Site, ada: Account
) -> None:
    uri, posters, each = ada.start_chat(), 16, 15

    def post(poster: int) -> list[int]:
        with httpx.Client(base_url=site.http.base_url, timeout=60) as http:
            own = Account(Site(http, site.port, site.log, site.env), ada.user, ada.token)
            return [own.say(uri, f"{poster} {index}").status_code for index in range(each)]

    with ThreadPoolExecutor(posters) as pool:
        statuses = [status for done in pool.map(post, range(posters)) for status in done]
    assert statuses == [201] * (posters * each)
    texts = [tuple(map(int, text.split())) for text in ada.texts(uri)]
    for poster in range(posters):
        assert [index for who, index in texts if who == poster] == list(range(each))
    assert "locked" not in site.log.read_text()


def test_a_message_that_could_not_be_published_is_saved_and_the_sender_is_told(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    broker = f"amqp://guest:a-secret@127.0.0.1:{free_port()}/%2F"
    with running_site(uwsgi, tmp_path, {"WSMIGRATE_AMQP_URL": broker}) as site:
        dora = site.sign_up("dora")
        uri = dora.start_chat()
        answer = dora.say(uri, "is anybody there?")
        assert answer.status_code == 503
        assert "saved" in answer.json()["detail"]
        assert dora.texts(uri) == ["is anybody there?"]
        log = site.log.read_text()
    assert "was not delivered" in log
    assert "a-secret" not in log
    assert "is anybody there?" not in log


def _post(account: Account, uri: str, body: bytes) -> httpx.Response:
    headers = {"Authorization": f"Bearer {account.token}", "Content-Type": "application/json"}
    path = f"/api/chats/{uri}/messages/"
    return account.site.http.post(path, content=body, headers=headers)
