from __future__ import annotations

import pytest

from legacy_uwsgi_ws.handshake import Handshake, Refusal, read_handshake

REQUEST = {
    "REQUEST_METHOD": "GET",
    "PATH_INFO": "/room",
    "HTTP_UPGRADE": "websocket",
    "HTTP_CONNECTION": "Upgrade",
    "HTTP_SEC_WEBSOCKET_VERSION": "13",
    "HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZQ==",
}


def test_a_handshake_names_its_room():
    assert read_handshake(REQUEST) == Handshake("room")


def test_slashes_are_no_part_of_a_room():
    assert read_handshake({**REQUEST, "PATH_INFO": "//a/b/"}) == Handshake("ab")


def test_the_path_is_bytes_in_disguise():
    disguised = "/räume".encode().decode("latin-1")
    assert read_handshake({**REQUEST, "PATH_INFO": disguised}) == Handshake("räume")


@pytest.mark.parametrize(
    "changed",
    [
        {"HTTP_UPGRADE": "WebSocket"},
        {"HTTP_UPGRADE": "h2c, websocket"},
        {"HTTP_CONNECTION": "keep-alive, Upgrade"},
    ],
)
def test_the_ways_in_which_clients_ask_are_all_understood(changed):
    assert read_handshake({**REQUEST, **changed}) == Handshake("room")


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"HTTP_UPGRADE": ""}, 426),
        ({"HTTP_UPGRADE": "h2c"}, 426),
        ({"HTTP_CONNECTION": "keep-alive"}, 400),
        ({"REQUEST_METHOD": "POST"}, 400),
        ({"HTTP_SEC_WEBSOCKET_VERSION": "8"}, 426),
        ({"HTTP_SEC_WEBSOCKET_KEY": ""}, 400),
        ({"HTTP_SEC_WEBSOCKET_KEY": "c2hvcnQ="}, 400),
        ({"HTTP_SEC_WEBSOCKET_KEY": "ä" * 24}, 400),
        ({"PATH_INFO": "/"}, 403),
        ({"PATH_INFO": "/amq.topic"}, 403),
        ({"PATH_INFO": "/\xff"}, 403),
    ],
)
def test_anything_else_is_refused(changed, status):
    refusal = read_handshake({**REQUEST, **changed})
    assert isinstance(refusal, Refusal)
    assert refusal.status.startswith(str(status))
    assert refusal.text.endswith(".")


def test_a_request_without_any_header_is_refused():
    assert isinstance(read_handshake({}), Refusal)
