"""Signing up and in."""

from __future__ import annotations

import secrets

import pytest
from chatire_site import PASSWORD, Account, Site


def test_signing_up_answers_with_the_user_and_without_the_password(site: Site) -> None:
    name = f"grace-{secrets.token_hex(3)}"
    answer = site.http.post(
        "/api/users/",
        json={
            "username": name,
            "password": PASSWORD,
            "email": "grace@example.org",
            "first_name": "Grace",
            "last_name": "Hopper",
        },
    )
    assert answer.status_code == 201
    user = answer.json()
    assert list(user) == ["id", "username", "email", "first_name", "last_name"]
    assert isinstance(user.pop("id"), int)
    assert user == {
        "username": name,
        "email": "grace@example.org",
        "first_name": "Grace",
        "last_name": "Hopper",
    }


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("username", {"password": PASSWORD}),
        ("username", {"username": "", "password": PASSWORD}),
        ("username", {"username": "no spaces please", "password": PASSWORD}),
        ("username", {"username": "n" * 151, "password": PASSWORD}),
        ("username", {"username": "nul\0", "password": PASSWORD}),
        ("password", {"username": "shorty"}),
        ("password", {"username": "shorty", "password": "short"}),
        ("email", {"username": "shorty", "password": PASSWORD, "email": "nowhere"}),
    ],
)
def test_what_cannot_be_a_user_is_refused_by_field(
    site: Site, field: str, fields: dict[str, str]
) -> None:
    answer = site.http.post("/api/users/", json=fields)
    assert answer.status_code == 400
    assert list(answer.json()) == [field]


@pytest.mark.parametrize("spelling", [str, lambda name: name.replace("ada", "\uff41da")])
def test_a_name_is_given_once_however_it_is_spelt(site: Site, ada: Account, spelling) -> None:
    fields = {"username": spelling(ada.name), "password": PASSWORD}
    answer = site.http.post("/api/users/", json=fields)
    assert answer.status_code == 400
    assert "already exists" in answer.json()["username"][0]


def test_a_wrong_password_gets_no_token(site: Site, ada: Account) -> None:
    answer = site.http.post("/api/token/", json={"username": ada.name, "password": "not hers"})
    assert answer.status_code == 401


def test_a_token_can_be_renewed_and_then_says_who_it_is(site: Site, ada: Account) -> None:
    who = {"username": ada.name, "password": PASSWORD}
    refresh = site.http.post("/api/token/", json=who).json()["refresh"]
    renewed = site.http.post("/api/token/refresh/", json={"refresh": refresh})
    assert renewed.status_code == 200
    fresh = Account(site, ada.user, renewed.json()["access"])
    assert fresh.call("GET", "users/me/").json() == ada.user


@pytest.mark.parametrize("token", ["", "Bearer nonsense"])
def test_nothing_is_to_be_had_without_a_token(site: Site, token: str) -> None:
    for path in (
        "users/me/",
        "chats/",
        "chats/abcdefghijklmno/",
        "chats/abcdefghijklmno/messages/",
    ):
        answer = site.http.get(f"/api/{path}", headers={"Authorization": token} if token else {})
        assert answer.status_code == 401, path
