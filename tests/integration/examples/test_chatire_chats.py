"""Chats, and who may do what in them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from chatire_site import Account


def test_a_new_chat_has_an_address_of_15_letters_and_digits(ada: Account) -> None:
    answer = ada.call("POST", "chats/", {})
    assert answer.status_code == 201
    chat = answer.json()
    assert re.fullmatch(r"[A-Za-z0-9]{15}", chat["uri"])
    assert chat["owner"] == ada.user
    assert chat["members"] == [ada.user]


def test_addresses_differ(ada: Account) -> None:
    assert len({ada.start_chat() for _ in range(20)}) == 20


def test_whoever_knows_the_address_joins_and_joining_again_changes_nothing(
    ada: Account, ben: Account
) -> None:
    uri = ada.start_chat()
    for _ in range(2):
        answer = ben.call("PATCH", f"chats/{uri}/", {"username": ben.name})
        assert answer.status_code == 200
        assert answer.json()["members"] == [ada.user, ben.user]
    assert uri in [chat["uri"] for chat in ben.call("GET", "chats/").json()]
    assert ben.call("GET", f"chats/{uri}/").json() == answer.json()


def test_only_members_read_and_write(ada: Account, ben: Account) -> None:
    uri = ada.start_chat()
    assert ben.call("GET", f"chats/{uri}/").status_code == 403
    assert ben.call("GET", f"chats/{uri}/messages/").status_code == 403
    assert ben.say(uri, "let me in").status_code == 403
    ben.call("PATCH", f"chats/{uri}/", {"username": ben.name})
    assert ben.say(uri, "thank you").status_code == 201
    assert ada.texts(uri) == ["thank you"]


def test_a_member_adds_somebody_else_and_nobody_else_does(
    ada: Account, ben: Account, people: Callable[[str], Account]
) -> None:
    uri, cleo = ada.start_chat(), people("cleo")
    refused = ben.call("PATCH", f"chats/{uri}/", {"username": cleo.name})
    assert refused.status_code == 403
    added = ada.call("PATCH", f"chats/{uri}/", {"username": cleo.name})
    assert added.status_code == 200
    assert added.json()["members"] == [ada.user, cleo.user]


def test_users_and_chats_that_do_not_exist_are_not_found(ada: Account) -> None:
    uri = ada.start_chat()
    assert ada.call("PATCH", f"chats/{uri}/", {"username": "nobody at all"}).status_code == 404
    for path in ("chats/000000000000000/", "chats/x/", f"chats/{uri.swapcase()}0/"):
        assert ada.call("PATCH", path, {"username": ada.name}).status_code == 404
        assert ada.call("GET", path).status_code == 404
        assert ada.call("GET", f"{path}messages/").status_code == 404
        assert ada.call("POST", f"{path}messages/", {"message": "hello?"}).status_code == 404


@pytest.mark.parametrize("body", [{}, {"username": ""}, {"username": None}, [], "ada"])
def test_joining_takes_a_username(ada: Account, body: object) -> None:
    uri = ada.start_chat()
    assert ada.call("PATCH", f"chats/{uri}/", body).status_code == 400
