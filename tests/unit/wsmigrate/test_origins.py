from __future__ import annotations

import pytest

from wsmigrate.origins import OriginPattern, origin_is_allowed


def allowed(origin: str | list[str], *patterns: str, missing: bool = False) -> bool:
    headers = [origin] if isinstance(origin, str) else origin
    return origin_is_allowed(
        headers, [OriginPattern.of(pattern) for pattern in patterns], missing_is_allowed=missing
    )


@pytest.mark.parametrize(
    ("pattern", "origin"),
    [
        ("*", "https://anywhere.example"),
        ("*", "null"),
        ("https://chat.example.com", "https://chat.example.com"),
        ("https://chat.example.com", "https://chat.example.com:443"),
        ("https://chat.example.com/", "https://CHAT.Example.com"),
        ("https://chat.example.com:8443", "https://chat.example.com:8443"),
        ("https://*.example.com", "https://chat.example.com"),
        ("https://*.example.com", "https://a.b.example.com"),
        ("chat.example.com", "http://chat.example.com:8000"),
        ("*.example.com", "http://chat.example.com:8000"),
        ("localhost:8000", "http://localhost:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
    ],
)
def test_an_origin_on_the_list_is_allowed(pattern: str, origin: str) -> None:
    assert allowed(origin, pattern)


@pytest.mark.parametrize(
    ("pattern", "origin"),
    [
        ("https://chat.example.com", "http://chat.example.com"),
        ("https://chat.example.com", "https://chat.example.com:8443"),
        ("https://chat.example.com:8443", "https://chat.example.com"),
        ("https://chat.example.com", "https://chat.example.com.evil.example"),
        ("https://chat.example.com", "https://evilchat.example.com"),
        ("https://*.example.com", "https://example.com"),
        ("https://*.example.com", "https://evilexample.com"),
        ("https://*.example.com", "https://.example.com"),
        ("localhost:8000", "http://localhost:9000"),
        ("https://chat.example.com", "null"),
        ("https://chat.example.com", ""),
        ("https://chat.example.com", "chat.example.com"),
        ("https://chat.example.com", "https://chat.example.com/page"),
        ("https://chat.example.com", "https://user@chat.example.com"),
        ("https://chat.example.com", "https://chat.example.com https://evil.example"),
        ("https://chat.example.com", "https://[chat.example.com"),
        ("https://chat.example.com", "https://chat.example.com:port"),
    ],
)
def test_any_other_origin_is_not(pattern: str, origin: str) -> None:
    assert not allowed(origin, pattern)


def test_one_entry_of_several_is_enough() -> None:
    assert allowed("https://b.example", "https://a.example", "https://b.example")


def test_a_missing_origin_is_a_matter_of_its_own_setting() -> None:
    assert allowed([], "https://a.example", missing=True)
    assert not allowed([], "https://a.example", missing=False)
    assert not allowed([], "*", missing=False)


def test_of_two_origin_headers_neither_counts() -> None:
    assert not allowed(["https://a.example", "https://a.example"], "https://a.example")


def test_an_empty_list_allows_no_origin() -> None:
    assert not allowed("https://a.example")


@pytest.mark.parametrize(
    "text", ["", "https://", "https://a.*.example", "a b", "https://a/x", "**"]
)
def test_an_entry_that_cannot_be_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        OriginPattern.of(text)
