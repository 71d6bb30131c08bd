"""Each rule: what it covers, and what is next to it and is not covered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from parity_samples import HANDSHAKE, LEFT, kinds, socket, text, texts

from wsmigrate.parity import rules
from wsmigrate.parity.comparison import SocketComparison, Yardstick, compare_sockets
from wsmigrate.parity.differences import Kind
from wsmigrate.parity.frames import Opcode, WireFrame
from wsmigrate.parity.recording import End, EndKind, Handshake, Provocation

FRAMES = texts("a", "b")
EMPTY_ECHO = replace(LEFT, code=1005)


def with_header(name: str, value: str, **more: object) -> Handshake:
    return replace(HANDSHAKE, headers=(*HANDSHAKE.headers, (name, value)), **more)


def held(before: Handshake | End | None, after: Handshake | End | None) -> SocketComparison:
    sides = [
        socket(FRAMES, end=one) if isinstance(one, End) else socket(FRAMES, handshake=one)
        for one in (before, after)
    ]
    return compare_sockets(sides[0], sides[1], Yardstick())


def refused(status: int, **more: object) -> Handshake:
    return Handshake(status, "", (("Content-Type", "text/plain"),), **more)  # type: ignore[arg-type]


VIOLATED = {"after": Provocation.VIOLATION}
OVERSIZED = {"after": Provocation.OVERSIZED}
COVERED = {
    "date-header": (HANDSHAKE, with_header("Date", "now")),
    "server-header": (HANDSHAKE, with_header("Server", "x")),
    "sec-websocket-origin": (with_header("Sec-WebSocket-Origin", "*"), HANDSHAKE),
    "reason-phrase": (HANDSHAKE, replace(HANDSHAKE, phrase="Hello")),
    "header-case": (HANDSHAKE, replace(HANDSHAKE, headers=(("Upgrade", "WebSocket"),))),
    "header-names": (HANDSHAKE, replace(HANDSHAKE, headers=(("UPGRADE", "websocket"),))),
    "header-order": (
        replace(HANDSHAKE, headers=(("A", "1"), ("B", "2"))),
        replace(HANDSHAKE, headers=(("B", "2"), ("A", "1"))),
    ),
    "refusal-details": (refused(403), replace(refused(403), headers=())),
    "no-handshake": (
        refused(426, is_websocket_request=False),
        refused(404, is_websocket_request=False),
    ),
    "several-subprotocols": (
        with_header("Sec-WebSocket-Protocol", "a, b", offered_subprotocols=2),
        with_header("Sec-WebSocket-Protocol", "a", offered_subprotocols=2),
    ),
    "close-echo": (EMPTY_ECHO, LEFT),
    "server-end": (End(EndKind.CUT), End(EndKind.CLOSED, 1012)),
    "protocol-error": (replace(EMPTY_ECHO, **VIOLATED), End(EndKind.CLOSED, 1002, **VIOLATED)),
    "oversized-inbound": (
        End(EndKind.CUT, **OVERSIZED),
        End(EndKind.CLOSED, 1000, client_code=1000, **OVERSIZED),
    ),
}
NOT_COVERED = {
    "another header": (HANDSHAKE, with_header("X-Other", "x")),
    "the origin on the new side": (HANDSHAKE, with_header("Sec-WebSocket-Origin", "*")),
    "another upgrade": (HANDSHAKE, replace(HANDSHAKE, headers=(("Upgrade", "h2c"),))),
    "another refusal": (refused(403), refused(503)),
    "refused on one side": (HANDSHAKE, refused(403)),
    "no handshake, but let in": (
        refused(426, is_websocket_request=False),
        replace(HANDSHAKE, is_websocket_request=False),
    ),
    "a subprotocol that was not offered": (
        with_header("Sec-WebSocket-Protocol", "a, b", offered_subprotocols=2),
        with_header("Sec-WebSocket-Protocol", "c", offered_subprotocols=2),
    ),
    "the only subprotocol is left out": (
        with_header("Sec-WebSocket-Protocol", "a", offered_subprotocols=1),
        HANDSHAKE,
    ),
    "deflate": (HANDSHAKE, with_header("Sec-WebSocket-Extensions", "permessage-deflate")),
    "an echo of another code": (EMPTY_ECHO, replace(LEFT, code=1001)),
    "an echo with a reason that is not the client's": (EMPTY_ECHO, replace(LEFT, reason="why")),
    "no echo": (EMPTY_ECHO, replace(LEFT, kind=EndKind.CUT, code=None)),
    "ended with another code": (End(EndKind.CUT), End(EndKind.CLOSED, 1001)),
    "ended on one side": (LEFT, End(EndKind.CLOSED, 1012)),
    "an error without one": (EMPTY_ECHO, End(EndKind.CLOSED, 1002)),
}


@pytest.mark.parametrize("name", COVERED)
def test_a_rule_covers_what_it_names(name):
    comparison = held(*COVERED[name])
    assert {one.rule for one in comparison.ignored} == {name}
    assert kinds(comparison) == []
    assert all(one.reason for one in comparison.ignored)


@pytest.mark.parametrize("name", NOT_COVERED)
def test_what_is_next_to_it_is_a_mismatch(name):
    assert kinds(held(*NOT_COVERED[name]))


def test_an_old_server_that_cuts_instead_of_echoing_is_covered_too():
    cut = replace(LEFT, kind=EndKind.CUT, code=None)
    assert [one.rule for one in held(cut, LEFT).ignored] == ["close-echo"]
    assert kinds(held(cut, replace(LEFT, code=1001))) == ["close_code"]
    assert kinds(held(LEFT, cut)) == ["close_code"]


def test_the_echo_may_differ_also_after_a_large_message():
    large = replace(LEFT, after=Provocation.OVERSIZED)
    assert [one.rule for one in held(replace(large, code=1005), large).ignored] == ["close-echo"]
    assert kinds(held(replace(large, code=1005), replace(large, code=1001))) == ["close_code"]


def test_a_reason_of_the_clients_may_be_echoed_with_its_code():
    said = replace(LEFT, client_reason="bye", reason="bye")
    assert [one.rule for one in held(replace(said, code=1005, reason=""), said).ignored] == [
        "close-echo"
    ]


def pinged(*payloads: bytes) -> list[WireFrame]:
    return [*FRAMES, *(WireFrame(Opcode.PONG, payload) for payload in payloads)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((b"", b""), (b"a", b"b"), []),
        ((b"", b""), (b"b", b"a"), ["control"]),
        ((b"", b""), (b"a", b""), ["control"]),
        ((b"a",), (b"b",), ["control"]),
        ((b"a",), (b"",), ["control"]),
        ((b"", b""), (b"a",), ["control"]),
    ],
)
def test_pongs_may_echo_where_the_old_server_sends_empty_ones(before, after, expected):
    sides = [
        replace(socket(pinged(*pongs)), pings=(b"a", b"b")[: len(before)])
        for pongs in (before, after)
    ]
    assert kinds(compare_sockets(sides[0], sides[1], Yardstick())) == expected


def test_pings_of_the_server_are_its_own_affair():
    comparison = compare_sockets(
        socket([WireFrame(Opcode.PING, b""), *FRAMES]), socket(FRAMES), Yardstick()
    )
    assert [one.rule for one in comparison.ignored] == ["server-pings"]


def test_only_a_missing_text_that_is_not_utf_8_may_be_missing():
    bad = [text(b"a"), text(b"\xff"), text(b"b")]
    good = [text(b"a"), text(b"b")]
    dropped = compare_sockets(socket(bad), socket(good), Yardstick())
    assert (kinds(dropped), [one.rule for one in dropped.ignored]) == ([], ["not-utf-8"])
    changed = [text(b"a"), text(b"\xef\xbf\xbd"), text(b"b")]
    assert kinds(compare_sockets(socket(bad), socket(changed), Yardstick())) == ["payload"]
    assert kinds(compare_sockets(socket(good), socket(bad), Yardstick())) == ["extra"]
    binary = [WireFrame(Opcode.BINARY, b"\xff"), *good]
    assert kinds(compare_sockets(socket(binary), socket(good), Yardstick())) == ["missing"]


def test_a_header_that_varies_by_itself_is_ignored_where_both_have_it():
    one, other = with_header("X-Id", "1"), with_header("X-Id", "2")
    stick = Yardstick(varying=frozenset({"header:x-id"}))
    both = compare_sockets(socket([], handshake=one), socket([], handshake=other), stick)
    assert [found.rule for found in both.ignored] == ["varies-by-itself"]
    lacking = compare_sockets(socket([], handshake=one), socket([]), stick)
    assert kinds(lacking) == ["handshake"]


def test_there_is_one_file_a_rule_and_each_has_a_reason():
    files = {path.stem for path in Path(rules.__file__).parent.glob("*.py")} - {"__init__"}
    found = rules.built_in_rules()
    assert {rule.name.replace("-", "_") for rule in found} == files
    assert all(rule.reason for rule in found)


@pytest.mark.parametrize(
    "received", [texts("a", "x"), texts("a"), texts("b", "a"), texts("a", "b", "b")]
)
def test_no_rule_touches_a_message(received):
    comparison = compare_sockets(socket(FRAMES), socket(received), Yardstick())
    assert comparison.mismatched
    assert all(one.kind.of_frames for one in comparison.mismatched)
    assert comparison.ignored == ()
    assert Kind.PAYLOAD.of_frames
