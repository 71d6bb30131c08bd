"""URLs, requests and answers."""

from __future__ import annotations

import pytest

from compat_tests.capture.request import Request, Target
from wsmigrate.errors import ConfigError

KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # the example of RFC 6455, 1.3
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ws://host", ("host", 80, False, "", "")),
        ("wss://host/", ("host", 443, True, "", "")),
        ("ws://[::1]:81/ws/?token=x", ("::1", 81, False, "/ws", "token=x")),
    ],
)
def test_urls_are_read(url, expected):
    target = Target.of(url)
    assert (target.host, target.port, target.tls, target.path, target.query) == expected


@pytest.mark.parametrize(
    "url", ["", "http://host", "ws://", "ws://host:x", "ws://[::1/?token=secret"]
)
def test_what_is_no_url_is_refused_without_its_token(url):
    with pytest.raises(ConfigError) as error:
        Target.of(url)
    assert "secret" not in str(error.value)


def test_a_path_in_the_url_comes_first_and_may_hold_the_room():
    assert Target.of("ws://h/ws").full_path("/r") == "/ws/r"
    assert Target.of("ws://h/chat/{room}/live").full_path("/r/") == "/chat/r/live"


def test_the_request_is_what_the_case_wants():
    request = Request("/a%20b?x=1", (("Origin", "null"),), ("a", "b"), offers_deflate=True, key=KEY)
    lines = request.to_bytes(Target.of("ws://h:1?t=2")).decode().split("\r\n")
    assert lines[0] == "GET /a%20b?x=1&t=2 HTTP/1.1"
    assert {"Host: h:1", "Sec-WebSocket-Protocol: a, b", "Origin: null"} <= set(lines)
    plain = Request("/r", upgrades=False).to_bytes(Target.of("ws://h"))
    assert b"Upgrade" not in plain
    assert b"Version: 8" in Request("/r", version="8").to_bytes(Target.of("ws://h"))


@pytest.mark.parametrize(
    ("accept", "expected"), [(ACCEPT, True), ("bm9wZQ==", False), (None, None)]
)
def test_an_answer_says_whether_it_fits_the_key(accept, expected):
    head = "HTTP/1.1 101 Hello There\r\nX-One: 1"
    head += "" if accept is None else f"\r\nSec-WebSocket-Accept: {accept}"
    handshake = Request("/r", key=KEY).answered(head.encode())
    assert (handshake.status, handshake.phrase, handshake.accepts_key) == (
        101,
        "Hello There",
        expected,
    )


@pytest.mark.parametrize("head", [b"", b"SSH-2.0-x", b"HTTP/1.1 abc"])
def test_what_is_no_http_is_refused(head):
    with pytest.raises(ValueError, match=r".*"):
        Request("/r").answered(head)


@pytest.mark.parametrize(
    "url",
    [
        "amqp://guest:s3cr3t@127.0.0.1:5672/%2F",
        "http://user:s3cr3t@site.example/",
        "{'amqp_url': 'amqp://guest:s3cr3t@127.0.0.1:5672'}",
        "ws://user:s3cr3t@[broken/",
    ],
)
def test_a_url_of_something_else_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Target.of(url)
    assert "s3cr3t" not in str(refused.value)
