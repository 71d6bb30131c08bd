"""Messages of a socket as they come, without keeping its frames."""

from __future__ import annotations

from collections.abc import Callable

from wsmigrate.parity.frames import Opcode, WireFrame
from wsmigrate.parity.messages import DataMessage, messages_of


class MessageTap:
    """Takes the frames of one socket, in order, and hands on each message that is complete."""

    def __init__(self, take: Callable[[DataMessage], None]) -> None:
        self._take = take
        self._unfinished: list[WireFrame] = []

    def __call__(self, frame: WireFrame) -> None:
        """A frame has come. Control frames are passed over."""
        opcode, payload, at, fin, rsv, header, _, _ = frame
        if opcode >= Opcode.CLOSE:
            return
        if fin and opcode and not rsv and not header and not self._unfinished:  # as nearly all are
            self._take(DataMessage(payload, opcode, (), True, at))
            return
        self._unfinished.append(frame)
        if fin:
            frames, self._unfinished = self._unfinished, []
            for message in messages_of(frames):
                self._take(message)
