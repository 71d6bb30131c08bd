"""Recordings on disk: nothing is lost, and what cannot be read is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from parity_samples import HANDSHAKE, LEFT, compressed, fragments, kinds, socket, text, texts

from wsmigrate.errors import ConfigError
from wsmigrate.parity.comparison import Yardstick
from wsmigrate.parity.frames import WireFrame
from wsmigrate.parity.recording import Recording
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
