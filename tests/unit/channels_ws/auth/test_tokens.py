from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from channels_ws.auth.tokens import OfferedToken, chosen_subprotocol, offered_token
from wsmigrate.auth_config import TokenSource
from wsmigrate.config import Config

EVERYWHERE = replace(Config(), token_sources=tuple(TokenSource))


def scope_with(
    subprotocols: list[str] | None = None, query: bytes = b"", **headers: str
) -> dict[str, Any]:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    return {"subprotocols": subprotocols or [], "headers": raw, "query_string": query}


def found(scope: dict[str, Any], config: Config = EVERYWHERE) -> tuple[str, str] | None:
    token = offered_token(scope, config)
    return (token.source.value, token.text) if token else None


@pytest.mark.parametrize(
    ("scope", "token"),
    [
        (scope_with(["access_token", "abc"]), ("subprotocol", "abc")),
        (scope_with(["chat.v1", "access_token", "abc"]), ("subprotocol", "abc")),
        (scope_with(authorization="Bearer abc"), ("header", "abc")),
        (scope_with(authorization="bearer   abc "), ("header", "abc")),
        (scope_with(cookie="a=b; access_token=abc"), ("cookie", "abc")),
        (scope_with(query=b"a=b&access_token=abc"), ("query", "abc")),
        # Somebody tried, and it is no token: that is not the same as nobody.
        (scope_with(authorization="Bearer"), ("header", "")),
        (scope_with(authorization="Bearer a b"), ("header", "a b")),
        (scope_with(query=b"access_token="), ("query", "")),
    ],
)
def test_a_token_is_found_where_clients_put_it(
    scope: dict[str, Any], token: tuple[str, str]
) -> None:
    assert found(scope) == token


@pytest.mark.parametrize(
    "scope",
    [
        {},
        scope_with(),
        scope_with(["chat.v1", "abc"]),
        scope_with(["access_token"]),
        scope_with(authorization="Basic YWRhOng="),
        scope_with(cookie="session=abc; access_token="),
        scope_with(query=b"token=abc"),
    ],
)
def test_without_a_token_there_is_none(scope: dict[str, Any]) -> None:
    assert found(scope) is None


def test_the_query_string_is_not_looked_at_unless_a_setting_says_so() -> None:
    assert found(scope_with(query=b"access_token=abc"), Config()) is None


def test_what_was_put_there_for_the_socket_counts_before_a_cookie() -> None:
    scope = scope_with(["access_token", "a"], b"access_token=c", authorization="Bearer b")
    scope["headers"].append((b"cookie", b"access_token=d"))
    assert found(scope) == ("subprotocol", "a")
    scope["subprotocols"] = []
    assert found(scope) == ("header", "b")
    scope["headers"] = scope["headers"][1:]
    assert found(scope) == ("query", "c")
    scope["query_string"] = b""
    assert found(scope) == ("cookie", "d")


def test_the_names_are_settings() -> None:
    config = replace(
        EVERYWHERE, token_subprotocol="jwt", token_cookie="auth", token_query_param="t"
    )
    assert found(scope_with(["jwt", "a"]), config) == ("subprotocol", "a")
    assert found(scope_with(cookie="auth=a"), config) == ("cookie", "a")
    assert found(scope_with(query=b"t=a"), config) == ("query", "a")
    assert found(scope_with(["access_token", "a"]), config) is None


def test_a_token_does_not_show_in_a_text_of_it() -> None:
    assert "abc" not in repr(OfferedToken(TokenSource.HEADER, "abc"))


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ([], None),
        (["chat.v1", "chat.v2"], "chat.v1"),
        (["access_token", "abc"], "access_token"),
        (["access_token", "abc", "chat.v1"], "access_token"),
        (["chat.v1", "access_token", "abc"], "chat.v1"),
        (["access_token"], "access_token"),
    ],
)
def test_the_first_subprotocol_that_is_no_token_is_chosen(
    offered: list[str], chosen: str | None
) -> None:
    assert chosen_subprotocol(offered, Config()) == chosen
