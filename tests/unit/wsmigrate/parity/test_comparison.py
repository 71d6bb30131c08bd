"""Each way in which two clients can differ, by its name."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from parity_samples import (
    HANDSHAKE,
    LEFT,
    compared,
    compressed,
    fragments,
    kinds,
    socket,
    text,
    texts,
)

from wsmigrate.parity.comparison import Yardstick, compare_sockets
from wsmigrate.parity.differences import Kind
from wsmigrate.parity.frames import Opcode, WireFrame
from wsmigrate.parity.own_rules import rules_of_document
from wsmigrate.parity.recording import End, EndKind, Handshake, Provocation

LETTERS = texts("a", "b", "c", "d", "e")


def test_equal_clients_have_no_difference():
    comparison = compared(LETTERS, list(LETTERS))
    assert (comparison.compared, comparison.matched, comparison.differences) == (5, 5, ())


def test_times_of_arrival_are_no_difference_unless_asked_for():
    assert kinds(compared([text("a", 1.0)], [text("a", 99.0)])) == []


@pytest.mark.parametrize(
    ("received", "expected_kinds"),
    [
        (texts("a", "b", "d", "e"), ["missing"]),
        (texts("a", "b", "c", "c", "d", "e"), ["extra"]),
        (texts("a", "b", "c", "d", "e", "e"), ["extra"]),
        (texts("a", "c", "b", "d", "e"), ["reordered"]),
        (texts("a", "b", "C", "d", "e"), ["payload"]),
        (texts("a", "b", "c", "what?", "d", "e"), ["extra"]),
        ([*LETTERS[:2], WireFrame(Opcode.BINARY, b"c"), *LETTERS[3:]], ["opcode"]),
        ([*LETTERS[:2], *fragments(b"c", 0), *LETTERS[3:]], ["fragmentation"]),
        ([*LETTERS[:4], WireFrame(Opcode.TEXT, b"e", fin=False)], ["fragmentation"]),
        ([*LETTERS[:2], compressed(b"c"), *LETTERS[3:]], ["compression"]),
        ([*LETTERS[:2], text("c", rsv=1), *LETTERS[3:]], ["header"]),
        ([*LETTERS[:2], text("c", header=b"\x81\x7e\x00\x01"), *LETTERS[3:]], ["header"]),
        ([], ["empty"]),
    ],
)
def test_a_fault_is_named_and_nothing_else_is(received, expected_kinds):
    assert kinds(compared(LETTERS, received)) == expected_kinds


def test_the_place_of_a_difference_counts_messages_of_the_reference():
    (missing,) = compared(LETTERS, texts("a", "b", "d", "e")).mismatched
    assert (missing.index, missing.received_index) == (2, None)
    (extra,) = compared(LETTERS, texts("a", "b", "c", "x", "d", "e")).mismatched
    assert (extra.index, extra.received_index) == (None, 3)


def test_all_that_an_empty_client_lacks_is_counted_once():
    comparison = compared(LETTERS, [])
    assert (comparison.compared, comparison.matched) == (5, 0)
    assert [one.count for one in comparison.mismatched] == [5]


def test_a_reference_that_got_nothing_is_a_difference_too():
    assert kinds(compared([], LETTERS)) == ["empty"]


def test_two_clients_without_messages_have_nothing_compared():
    assert compared([], []).compared == 0


def test_a_compressed_message_with_other_bytes_differs_in_both():
    assert sorted(kinds(compared(texts("a", "b"), [text("a"), compressed(b"x")]))) == [
        "compression",
        "payload",
    ]


def test_what_was_published_elsewhere_is_of_a_wrong_room():
    elsewhere = {b"for others": "other room"}
    comparison = compared(LETTERS, texts("a", "b", "c", "for others"), elsewhere=elsewhere)
    assert sorted(kinds(comparison)) == ["missing", "wrong_room"]
    assert "other room" in "".join(one.detail for one in comparison.mismatched)


def test_what_was_published_in_this_room_too_is_of_no_wrong_one():
    elsewhere = {b"x": "room"}
    assert kinds(compared(LETTERS, [*LETTERS, text("x")], elsewhere=elsewhere, room="room")) == [
        "extra"
    ]


@pytest.mark.parametrize(("behind_s", "expected"), [(0.9, []), (1.1, ["late"]), (-1.1, ["late"])])
def test_late_is_what_comes_later_than_on_the_other_side(behind_s, expected):
    comparison = compared([text("a", 5.0)], [text("a", 5.0 + behind_s)], late_after_s=1.0)
    assert kinds(comparison) == expected
    assert comparison.matched == 1 - len(expected)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({"b": 1, "a": 2}, {"a": 2, "b": 1}, "keys in another order"),
    ],
)
def test_json_in_another_order_says_so(before, after, words):
    (one,) = compared([text(json.dumps(before))], [text(json.dumps(after))]).mismatched
    assert one.kind is Kind.PAYLOAD
    assert words in one.detail


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('{"a": 1}', '{"a":1}', "other spaces"),
        ('{"a": "é"}', r'{"a": "\u00e9"}', "escaped"),
        ("é", "e\u0301", "normalisation"),
        ("hello", "hallo", "byte 1 is the first"),
    ],
)
def test_the_change_of_a_payload_is_told_in_words(before, after, words):
    (one,) = compared([text(before)], [text(after)]).mismatched
    assert one.kind is Kind.PAYLOAD
    assert words in one.detail


def ended(end: End, other: End) -> list[str]:
    return kinds(compare_sockets(socket(LETTERS, end=end), socket(LETTERS, end=other), Yardstick()))


@pytest.mark.parametrize(
    "other",
    [
        replace(LEFT, code=1001),
        replace(LEFT, reason="why?"),
        replace(LEFT, after=Provocation.NOTHING),
        End(EndKind.OPEN, after=Provocation.CLOSE, client_code=1000),
    ],
)
def test_another_end_is_a_difference(other):
    assert ended(LEFT, LEFT) == []
    assert ended(LEFT, other) == ["close_code"]
    assert ended(other, LEFT) == ["close_code"]


@pytest.mark.parametrize(
    "other",
    [
        replace(HANDSHAKE, status=403),
        replace(HANDSHAKE, headers=(*HANDSHAKE.headers, ("X-More", "1"))),
        replace(HANDSHAKE, headers=()),
        replace(HANDSHAKE, accepts_key=False),
        replace(HANDSHAKE, headers=(*HANDSHAKE.headers, ("Sec-WebSocket-Extensions", "x"))),
        None,
    ],
)
def test_another_handshake_is_a_difference(other: Handshake | None):
    comparison = compare_sockets(socket(LETTERS), socket(LETTERS, handshake=other), Yardstick())
    assert set(kinds(comparison)) == {"handshake"}


def test_names_and_order_of_headers_are_ignored_by_rules():
    one = replace(HANDSHAKE, headers=(("A", "1"), ("B", "2")))
    other = replace(HANDSHAKE, headers=(("b", "2"), ("a", " 1")))
    comparison = compare_sockets(
        socket([], handshake=one), socket([], handshake=other), Yardstick()
    )
    assert kinds(comparison) == []
    assert {one.rule for one in comparison.ignored} == {"header-names", "header-order"}


def test_own_rules_ignore_the_value_and_nothing_around_it():
    rules = rules_of_document({"rule": [{"name": "at", "reason": "a time", "json_pointer": "/at"}]})
    before = text('{"at": 1, "text": "x"}')
    ignored = compared([before], [text('{"at": 22, "text": "x"}')], own_rules=rules)
    assert (kinds(ignored), [one.rule for one in ignored.ignored]) == ([], ["at"])
    for other in ('{"at": 1, "text": "y"}', '{"at":1, "text": "x"}', '{"text": "x", "at": 1}'):
        assert kinds(compared([before], [text(other)], own_rules=rules)) == ["payload"]


def test_a_message_that_two_rules_of_ones_own_cover_names_both():
    rules = rules_of_document(
        {
            "rule": [
                {"name": "at", "reason": "a time", "json_pointer": "/at"},
                {"name": "id", "reason": "an id", "regex": r"id=(\d+)"},
            ]
        }
    )
    comparison = compared(
        [text('{"at": 1, "x": "id=7"}')], [text('{"at": 2, "x": "id=8"}')], own_rules=rules
    )
    assert [one.rule for one in comparison.ignored] == ["at, id"]


def test_a_connection_that_was_refused_has_no_end_to_compare():
    refused = Handshake(403)
    cut, left = End(EndKind.CUT), LEFT
    sides = [socket([], handshake=refused, end=end) for end in (cut, left)]
    assert compare_sockets(sides[0], sides[1], Yardstick()).differences == ()


def test_a_handshake_that_is_answered_late_is_late():
    sides = [
        socket(texts("a"), handshake=replace(HANDSHAKE, took_s=took_s)) for took_s in (0.1, 3.1)
    ]
    (one,) = compare_sockets(sides[0], sides[1], Yardstick(late_after_s=0.6)).mismatched
    assert (one.kind, one.subject) == (Kind.LATE, "handshake")
    assert "3.00 s" in one.detail
    assert not compare_sockets(sides[0], sides[1], Yardstick(late_after_s=1.7)).differences
    assert not compare_sockets(sides[0], sides[1], Yardstick()).differences


def test_a_message_that_a_rule_blots_out_whole_was_not_compared():
    rules = rules_of_document({"rule": [{"name": "all", "reason": "none", "regex": ".+"}]})
    comparison = compare_sockets(
        socket(texts("a", "same", "b")), socket(texts("x", "same", "y")), Yardstick(own_rules=rules)
    )
    assert (comparison.compared, comparison.matched) == (1, 1)
    assert [one.rule for one in comparison.ignored] == ["all", "all"]
    assert all("nothing of it was compared" in one.detail for one in comparison.ignored)


def test_a_recording_that_broke_off_has_no_end_to_compare():
    broken = replace(LEFT, kind=EndKind.UNKNOWN, code=None, after=Provocation.NOTHING)
    sides = socket(texts("a")), socket(texts("a"), end=broken)
    assert not compare_sockets(*sides, Yardstick()).differences
    assert not compare_sockets(*reversed(sides), Yardstick()).differences
