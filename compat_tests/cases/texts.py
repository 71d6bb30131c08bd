"""Texts: every script and plane, and JSON in the ways in which programs write it."""

from __future__ import annotations

import json

from compat_tests.cases.case import Case, Client, Join, Publish, Settle, simple

_PLANES = [
    "".join(chr(plane << 16 | place) for place in (0x0041, 0x0100, 0x1F00, 0xFFFD))
    for plane in range(17)
]

_ALMOST_JSON = (
    b"{'single': 'quotes'}",
    b"just words",
    b'{"unfinished": [1, 2',
    b'{"trailing": "comma",}',
    b"NaN",
    b"undefined",
    b"<html></html>",
    b"42",
    b"null",
    b'"a string"',
    b"[]",
    b"  {}  ",
    b"\n",
    b"\t\r\n ",
)

_JSON = (
    rb'{"escaped": "\u00e9\u4e16\ud83d\ude00", "slash": "\/", "quote": "\"", "solidus": "\\"}',
    '{"plain": "é世😀", "slash": "/"}'.encode(),
    rb'{"control": "\b\f\n\r\t\u0000\u001f\u007f"}',
    b'{"z": 1, "a": 2, "m": {"y": 1, "b": 2}}',
    b'{"a":1,"b":[1,2,3]}',
    b'{ "a" : 1 , "b" : [ 1 , 2 ] }',
    b'{\n  "a": 1,\n  "b": 2\n}',
    b'{"floats": [1.0, 1e5, 1E+5, 0.1, -0.0, 1.7976931348623157e308, 5e-324, 100000.0]}',
    b'{"big": [9007199254740993, 18446744073709551616, 123456789012345678901234567890]}',
    b'{"twice": 1, "twice": 2, "twice": 1}',
    b'{"none": null, "true": true, "false": false, "empty": {}, "list": [], "text": ""}',
    b'{"html": "<b>&amp;</b> <script>alert(1)</script>"}',
    json.dumps({"deep": [[[[[[[[[[[{"a": {"b": {"c": [1]}}}]]]]]]]]]]]}).encode(),
    rb'{"lone": "\ud800", "surrogates": "\udc00\ud800"}',
    b'{"type": "websocket.send", "message": "looks like an event"}',
    b'{"type": "notifs_websocket_message", "message": "looks like one of the layer"}',
)

CASES: tuple[Case, ...] = (
    simple("ascii", "every ASCII character", [bytes(range(1, 128))], group="texts"),
    simple("planes", "a text of each Unicode plane", [t.encode() for t in _PLANES], group="texts"),
    simple(
        "combining",
        "combining characters, composed and decomposed",
        [
            text.encode()
            for text in ("\u00e9", "e\u0301", "a\u0300\u0301\u0302", "\uac01", "\u1100\u1161\u11a8")
        ],
        group="texts",
        why="one that normalises text changes bytes that look the same",
    ),
    simple(
        "right-to-left",
        "right-to-left text, with and without marks of direction",
        [
            text.encode()
            for text in ("\u05e9\u05dc\u05d5\u05dd", "\u0645\u0631\u062d\u0628\u0627 abc 123")
        ]
        + ["\u202eabc\u202c \u2066x\u2069 \u200f".encode()],
        group="texts",
    ),
    simple(
        "emoji",
        "emoji of several characters",
        [text.encode() for text in ("😀", "👩‍👩‍👧‍👦", "🏳️‍🌈", "👍🏽", "🇩🇪")],
        group="texts",
    ),
    simple("nul", "NUL", [b"\0", b"a\0b", b"\0\0\0"], group="texts"),
    simple(
        "line-separators",
        "U+2028, U+2029, NEL, CR and LF, BOM",
        [text.encode() for text in ("a\u2028b", "a\u2029b", "a\u0085b", "a\r\nb", "\ufeffa")],
        group="texts",
        why="some programs take U+2028 for the end of a line, and drop a BOM",
    ),
    simple(
        "noncharacters",
        "noncharacters and the ends of the code space",
        [text.encode() for text in ("\ufffe\uffff", "\U0010ffff", "\ud7ff\ue000", "\ufdd0")],
        group="texts",
    ),
    simple("json", "JSON: escapes, order of keys, floats, large integers", _JSON, group="texts"),
    simple("no-json", "what is no JSON, or hardly", _ALMOST_JSON, group="texts"),
    Case(
        "not-utf-8",
        "bytes that are not UTF-8",
        (Client("listener"),),
        (
            Join(("listener",)),
            Publish("listener", (b"before",)),
            Publish(
                "listener",
                (b"\xff\xfe", b"caf\xe9", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80"),
                may_be_dropped=True,
            ),
            Publish("listener", (b"after",)),
            Settle(),
        ),
        why="RFC 6455, 8.1: a client has to fail the connection when a text frame is not UTF-8",
        legacy="sends them as text frames all the same",
        channels="does not relay them, and sends what comes before and after",
        group="texts",
    ),
)
