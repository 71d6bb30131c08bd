"""Recordings on disk: nothing is lost, and what cannot be read is said."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from parity_samples import HANDSHAKE, LEFT, compressed, fragments, kinds, socket, text, texts

from compat_tests.replaying import ReplayOptions, replay_against
from compat_tests.reports import as_json, junit, page
from wsmigrate.errors import ConfigError, WsmigrateError
from wsmigrate.parity.comparison import Yardstick
from wsmigrate.parity.frames import WireFrame
from wsmigrate.parity.messages import messages_of
from wsmigrate.parity.recording import EndKind, Recording
from wsmigrate.parity.recording_file import RecordingError, read_recording, write_recording
from wsmigrate.parity.redaction import DigestRedactor, redacted_socket, rewritten_socket
from wsmigrate.parity.replaying import compare_recordings

frames = st.builds(
    WireFrame,
    opcode=st.integers(0, 15),
    payload=st.binary(max_size=40)
    | st.text(max_size=20).map(lambda t: t.encode("utf-8", "replace")),
    at=st.just(0.5),
    fin=st.booleans(),
    rsv=st.integers(0, 7),
    header=st.sampled_from([b"", b"\x81\x7e\x00\x02"]),
    size=st.just(-1),
    digest=st.just(""),
)
MESSAGES = [
    *texts("a", "\u2028\n\0", "ü", ""),
    text(b"\xff"),
    *fragments(b"abc", 1, 2),
    compressed(b"x" * 99),
]


def stored(path: Path, recording: Recording) -> Recording:
    write_recording(path, recording)
    return read_recording(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(frames, max_size=6))
def test_every_frame_comes_back_as_it_was(tmp_path, some):
    recording = Recording((socket(some), socket([], handshake=None)), "", {"url": "ws://x"})
    assert stored(tmp_path / "r.jsonl", recording) == recording


def test_a_line_is_one_object_that_a_person_can_read(tmp_path):
    path = tmp_path / "r.jsonl"
    write_recording(path, Recording((socket(texts("grüße\u2028")),)))
    lines = path.read_bytes().split(b"\n")
    assert lines[3].decode() == '{"socket": 1, "at": 0.0, "frame": "text", "text": "grüße\u2028"}'
    assert all(json.loads(line) for line in lines[:-1])


@pytest.mark.parametrize(
    "content",
    [b"", b"{}\n", b"no json\n", b"[1]\n", b'{"wsmigrate_recording": 1}\n{"socket": 1, "at"'],
)
def test_what_is_no_recording_is_said(tmp_path, content):
    path = tmp_path / "r.jsonl"
    path.write_bytes(content)
    with pytest.raises(RecordingError):
        read_recording(path)


def test_a_line_that_makes_no_sense_is_named(tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_bytes(b'{"wsmigrate_recording": 1}\n{"socket": 1, "frame": "text", "at": 0}\n')
    with pytest.raises(RecordingError, match="Line 2"):
        read_recording(path)


def test_another_version_is_refused(tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_bytes(b'{"wsmigrate_recording": 99}\n')
    with pytest.raises(ConfigError, match="99"):
        read_recording(path)


@pytest.mark.parametrize("key", [b"", b"a key"])
def test_a_redacted_recording_still_compares(tmp_path, key):
    redactor = DigestRedactor(key)
    whole = Recording((socket(MESSAGES),))
    redacted = Recording((redacted_socket(socket(MESSAGES), redactor),), redactor.name)
    redacted = stored(tmp_path / "r.jsonl", redacted)
    changed = [*MESSAGES[:2], text("u"), *MESSAGES[3:]]
    for one, other, expected in (
        (redacted, whole, []),
        (whole, redacted, []),
        (redacted, redacted, []),
        (redacted, Recording((socket(changed),)), ["payload"]),
        (redacted, Recording((socket(MESSAGES[1:]),)), ["missing"]),
    ):
        found = [
            kind
            for room in compare_recordings(one, other, Yardstick(), redactor)
            for kind in kinds(room.comparison)
        ]
        assert found == expected


def test_a_redacted_recording_holds_no_payload(tmp_path):
    path = tmp_path / "r.jsonl"
    secret = socket(
        [text("a secret"), *fragments(b"a secret", 3), WireFrame(9, b"a secret")],
        end=LEFT.__class__(LEFT.kind, 1000, "a secret"),
        handshake=HANDSHAKE.__class__(101, "", (("Set-Cookie", "a secret"),)),
    )
    redactor = DigestRedactor()
    write_recording(path, Recording((redacted_socket(secret, redactor),), redactor.name))
    written = path.read_text()
    assert "secret" not in written
    assert '"length": 8' in written


def test_digests_of_another_key_cannot_be_compared():
    one, other = DigestRedactor(b"one"), DigestRedactor(b"other")
    recordings = [Recording((redacted_socket(socket(MESSAGES), r),), r.name) for r in (one, other)]
    with pytest.raises(ConfigError, match="cannot be compared"):
        list(compare_recordings(recordings[0], recordings[1], Yardstick(), one))


def test_a_redaction_of_ones_own_rewrites_each_message():
    shown = rewritten_socket(socket(MESSAGES), lambda payload: b"*" * len(payload))
    assert [frame.payload for frame in shown.frames][:3] == [b"*", b"*****", b"**"]
    assert all(set(frame.payload) <= {ord("*")} for frame in shown.frames)


def test_a_recording_says_when_and_how_fast_the_handshake_was_answered(tmp_path):
    told = replace(HANDSHAKE, at=1.25, took_s=0.25)
    recording = Recording((socket(texts("a"), handshake=told),))
    assert stored(tmp_path / "r.jsonl", recording) == recording
    line = json.loads((tmp_path / "r.jsonl").read_text().splitlines()[2])
    assert (line["at"], line["handshake"]["took_s"]) == (1.25, 0.25)


def test_what_broke_off_has_an_end_that_is_not_known(tmp_path):
    path = tmp_path / "r.jsonl"
    write_recording(path, Recording((socket(texts("a", "b")),)))
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-1]))
    (one,) = read_recording(path).sockets
    assert one.end.kind is EndKind.UNKNOWN


GOOD = Recording((socket([*MESSAGES, WireFrame(9, b"p"), text("x", rsv=1, header=b"\x81\x7e")]),))
ODD = [None, True, -1, 1e400, "x", "\ud800", "\0", [], {}, [1], {"a": 1}, "text", 2**70]


def test_whatever_is_edited_into_a_line_is_read_or_refused_and_never_a_fault(tmp_path):
    """Each value of each line in turn is replaced by something that does not belong there."""
    path, whole = tmp_path / "r.jsonl", tmp_path / "whole.jsonl"
    write_recording(whole, GOOD)
    lines = [json.loads(line) for line in whole.read_bytes().splitlines()]
    refused = 0
    for number, key, value in product(range(len(lines)), range(8), ODD):
        edited = [dict(line) for line in lines]
        names = list(edited[number])
        if key >= len(names):
            continue
        edited[number][names[key]] = value
        path.write_text("".join(json.dumps(line) + "\n" for line in edited))
        try:
            outcome = replay_against(ReplayOptions(whole), path)
            junit.to_text(outcome).encode()
            page.to_text(outcome).encode()
            as_json.to_text(outcome).encode()
        except WsmigrateError:
            refused += 1
    assert refused > 300


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text + text, "Line 6 of .* joined"),
        (lambda text: text.replace('"text": "a"', '"text": 5'), "Line 4"),
        (lambda text: text.replace('"at": 0.0, "frame"', '"at": "now", "frame"', 1), "Line 4"),
        (lambda text: text.replace('{"socket"', "[" * 100_000 + '{"socket"'), "Line 2"),
    ],
)
def test_what_makes_no_sense_is_named_by_its_line(tmp_path, change, said):
    path, whole = tmp_path / "r.jsonl", tmp_path / "whole.jsonl"
    write_recording(whole, Recording((socket(texts("a")),)))
    path.write_text(change(whole.read_text()))
    with pytest.raises(RecordingError, match=said):
        replay_against(ReplayOptions(whole), path)


def test_a_recording_that_another_program_wrote_anew_is_the_same(tmp_path):
    path, whole = tmp_path / "r.jsonl", tmp_path / "whole.jsonl"
    write_recording(whole, GOOD)
    lines = [json.loads(line) for line in whole.read_bytes().splitlines()]
    path.write_text(
        "".join(json.dumps(line, separators=(",", ":"), sort_keys=True) + "\n" for line in lines)
    )
    assert read_recording(path) == GOOD
    outcome = replay_against(ReplayOptions(whole), path)
    assert (outcome.mismatched, outcome.compared) == (0, len(messages_of(GOOD.sockets[0].frames)))


def test_headers_with_secrets_are_digests_that_compare(tmp_path):
    secret = replace(
        HANDSHAKE, headers=(*HANDSHAKE.headers, ("Sec-WebSocket-Protocol", "token-4711"))
    )
    hidden = redacted_socket(socket(texts("a"), handshake=secret), DigestRedactor())
    text_ = (tmp_path / "r").with_suffix(".jsonl")
    write_recording(text_, Recording((hidden,), "sha256"))
    assert "4711" not in text_.read_text()
    assert '["Upgrade", "websocket"]' in text_.read_text()
    for value, expected in (("token-4711", []), ("token-4712", ["handshake"])):
        plain = socket(
            texts("a"),
            handshake=replace(
                secret, headers=(*HANDSHAKE.headers, ("Sec-WebSocket-Protocol", value))
            ),
        )
        (one,) = compare_recordings(
            Recording((hidden,), "sha256"), Recording((plain,)), Yardstick(), DigestRedactor()
        )
        assert kinds(one.comparison) == expected
