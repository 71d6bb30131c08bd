"""What `wsmigrate route render` writes, started as it is."""

from __future__ import annotations

import pytest
from stands import wait_until

from wsmigrate.sides import Side

pytestmark = pytest.mark.parametrize(
    "stand", ["haproxy", "nginx", "nginx-js"], indirect=True, scope="module"
)


def servers(stand) -> set[str]:
    answers = [stand.client.answer(f"/{room}") for room in range(30)]
    assert {answer["status"] for answer in answers} <= {"200", "502", "503"}
    return {answer.get("x-server", "nobody") for answer in answers}


@pytest.mark.parametrize("percent", [0, 50, 100])
@pytest.mark.parametrize("gone", ["legacy", "channels"])
def test_the_other_server_takes_the_place_of_one_that_is_down(stand, gone, percent):
    stand.router.set_share(percent)
    other = "channels" if gone == "legacy" else "legacy"
    with getattr(stand, gone).down():
        wait_until(lambda: servers(stand) == {other})
        assert stand.router.share().percent == percent
    wanted = {0: {"legacy"}, 50: {"legacy", "channels"}, 100: {"channels"}}[percent]
    wait_until(lambda: servers(stand) == wanted)


@pytest.mark.parametrize("percent", [50, 100])
def test_a_new_server_that_says_that_it_is_about_to_end_gets_nobody(stand, percent):
    stand.router.set_share(percent)
    stand.channels.handler.ending = True
    try:
        wait_until(lambda: servers(stand) == {"legacy"})
    finally:
        stand.channels.handler.ending = False
    wait_until(lambda: "channels" in servers(stand))


def test_with_both_servers_down_the_answer_is_an_error_and_comes_back(stand):
    stand.router.set_share(50)
    with stand.legacy.down(), stand.channels.down():
        wait_until(lambda: servers(stand) == {"nobody"})
    wait_until(lambda: servers(stand) == {"legacy", "channels"})


@pytest.mark.parametrize(("percent", "server"), [(0, "legacy"), (100, "channels")])
def test_each_answer_says_its_side(stand, percent, server):
    stand.router.set_share(percent)
    assert stand.client.answer("/room")["x-wsmigrate-server"] == server


def test_a_client_cannot_say_for_whom_it_asks(stand):
    stand.router.set_share(0)
    stand.client.answer(
        "/forwarded",
        "X-Forwarded-For: 203.0.113.9",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: evil.example",
        "Origin: https://chat.example.com",
    )
    seen = stand.legacy.handler.seen[-1]
    assert seen["path"] == "/forwarded"
    assert seen["host"] == "chat.example.com"
    assert seen["origin"] == "https://chat.example.com"
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert seen["x-forwarded-proto"] == "http"
    assert seen["x-forwarded-host"] == "chat.example.com"
    assert seen["x-forwarded-port"] == str(stand.ports[0])


def test_the_request_target_reaches_the_server_as_it_stands(stand):
    stand.router.set_share(0)
    target = "/a%2Fb//%72?x=%20y"
    stand.client.answer(target)
    assert stand.legacy.handler.seen[-1]["path"] == target


def test_a_close_of_the_server_reaches_the_client(stand):
    stand.router.set_share(0)
    with stand.client.open("/closing") as link:
        wait_until(lambda: stand.router.sessions().legacy == 1)
        stand.router.close_sessions(Side.LEGACY, 1)
        assert link.recv(1) == b""
