"""Positions: where a message stands in an inbox, over all streams that the inbox has been.

An inbox that is deleted, or lost with its broker, is declared again and counts its offsets from 0.
Ids and cursors must not repeat, so each such stream is an *epoch*: a position is the epoch times
``OFFSETS_PER_EPOCH`` plus the offset. In the first epoch positions are the offsets themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

OFFSETS_PER_EPOCH = 10**15
"""No stream gets that long, 9,000 epochs fit into a bigint, and people can read the sum."""


@dataclass(frozen=True)
class Start:
    """Where relaying goes on: with the message at ``offset``, in the stream of ``epoch``."""

    epoch: int
    offset: int

    def position_of(self, offset: int) -> int:
        """The position of an offset in the same stream."""
        return self.epoch * OFFSETS_PER_EPOCH + offset

    @property
    def cursor_of_next_epoch(self) -> int:
        """The cursor from which another stream is relayed, from its first message."""
        return (self.epoch + 1) * OFFSETS_PER_EPOCH - 1


def start_after(cursor: int | None) -> Start:
    """The start behind a cursor, which is the position of the last message that the layer has, or
    None where there was none yet."""
    return Start(*divmod(0 if cursor is None else cursor + 1, OFFSETS_PER_EPOCH))


def described(position: int) -> str:
    """A position in words, for logs."""
    epoch, offset = divmod(position, OFFSETS_PER_EPOCH)
    return f"offset {offset}" if epoch == 0 else f"offset {offset} of epoch {epoch}"
