"""What a message of the benchmark says."""

from __future__ import annotations

import pytest

from benchmarks.payload import (
    GREETING_BYTES,
    MEASURED_BYTES,
    Stamp,
    greeting_text,
    measured_text,
    stamp_of_payload,
)


def test_a_stamp_survives_the_way() -> None:
    stamp = Stamp(phase=12, sender=63, sequence=123_456, at_ns=9_876_543_210_123)
    assert stamp_of_payload(measured_text(stamp).encode()) == stamp


def test_messages_and_greetings_are_told_apart_by_size() -> None:
    assert len(measured_text(Stamp(1, 2, 3, 4)).encode()) == MEASURED_BYTES
    assert len(greeting_text().encode()) == GREETING_BYTES
    assert GREETING_BYTES != MEASURED_BYTES


def test_a_greeting_has_no_stamp() -> None:
    with pytest.raises(ValueError, match="hell"):
        stamp_of_payload(greeting_text().encode())
