"""Entries and notices: what a notice leaves out, and that nothing else changes on the way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_ws.layers.entries import (
    MAX_NOTICE,
    Entry,
    Notice,
    NoticeError,
    notices_of,
    parsed_notice,
)

TARGETS = st.from_regex(r"[gcq][A-Za-z0-9._-]{1,40}", fullmatch=True)
ENTRIES = st.lists(st.builds(Entry, TARGETS, st.binary(max_size=4000)), min_size=1, max_size=80)


def parsed(notices: list[str]) -> list[Notice]:
    """As wsmigrate_append announces them."""
    *others, last = notices
    return [
        *(parsed_notice(f"{n}+17 asgi {notice}") for n, notice in enumerate(others, 1)),
        parsed_notice(f"17 asgi {last}"),
    ]


@given(ENTRIES)
def test_every_notice_is_short_enough_for_postgresql(entries: list[Entry]) -> None:
    assert all(len(notice) <= MAX_NOTICE for notice in notices_of(entries))


@given(ENTRIES)
def test_notices_say_all_entries_in_their_order_or_none(entries: list[Entry]) -> None:
    notices = parsed(notices_of(entries))
    assert {(notice.id, notice.prefix) for notice in notices} == {(17, "asgi")}
    assert [notice.more for notice in notices] == [True] * (len(notices) - 1) + [False]
    said = [entry for notice in notices for entry in notice.entries or ()]
    if notices[0].entries is None:
        assert len(notices) == 1
        return
    assert [entry.target for entry in said] == [entry.target for entry in entries]
    for told, meant in zip(said, entries):
        assert told.payload in (meant.payload, None)


def test_small_payloads_stand_in_the_notice() -> None:
    entries = [Entry("groom", b"one"), Entry("croom!x", b"")]
    assert parsed(notices_of(entries)) == [Notice(17, "asgi", tuple(entries))]


def test_a_payload_that_is_too_long_is_left_out_alone() -> None:
    entries = [Entry("ga", b"x" * MAX_NOTICE), Entry("gb", b"small")]
    assert parsed(notices_of(entries)) == [
        Notice(17, "asgi", (Entry("ga", None), Entry("gb", b"small")))
    ]


def test_what_does_not_fit_into_one_notice_stands_in_the_next() -> None:
    entries = [Entry(f"g{number}", b"x" * 300) for number in range(64)]
    notices = parsed(notices_of(entries))
    assert len(notices) > 1
    assert [entry for notice in notices for entry in notice.entries or ()] == entries


def test_a_row_that_would_need_many_notices_has_one_without_entries() -> None:
    entries = [Entry(f"g{number}", b"x" * 5000) for number in range(40)]
    assert parsed(notices_of(entries)) == [Notice(17, "asgi", None)]


@pytest.mark.parametrize("text", ["", "1", "1 asgi", "x asgi ga", "1 asgi ga %%%", "1 asgi ,"])
def test_what_is_no_notice_is_refused(text: str) -> None:
    with pytest.raises(NoticeError):
        parsed_notice(text)


def test_an_entry_does_not_show_what_it_carries() -> None:
    assert repr(Entry("groom", b"secret")) == "<Entry groom 6 bytes>"
