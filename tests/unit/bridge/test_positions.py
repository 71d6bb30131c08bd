from __future__ import annotations

from bridge.positions import OFFSETS_PER_EPOCH, Start, described, start_after


def test_an_inbox_that_was_never_relayed_is_read_from_its_beginning() -> None:
    assert start_after(None) == Start(epoch=0, offset=0)


def test_reading_goes_on_after_the_cursor() -> None:
    assert start_after(41) == Start(epoch=0, offset=42)
    assert start_after(2 * OFFSETS_PER_EPOCH + 41) == Start(epoch=2, offset=42)


def test_the_next_epoch_begins_at_offset_0_and_repeats_no_position() -> None:
    start = start_after(start_after(41).cursor_of_next_epoch)
    assert start == Start(epoch=1, offset=0)
    assert start.position_of(0) > Start(epoch=0, offset=0).position_of(OFFSETS_PER_EPOCH - 1)


def test_a_position_of_the_first_epoch_is_the_offset() -> None:
    assert Start(epoch=0, offset=0).position_of(7) == 7
    assert described(7) == "offset 7"
    assert described(OFFSETS_PER_EPOCH + 7) == "offset 7 of epoch 1"
