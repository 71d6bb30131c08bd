"""Takes what is secret out of a recording, so that it can still be compared."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from typing import Callable

from wsmigrate.parity.frames import WireFrame, is_control
from wsmigrate.parity.messages import DataMessage, messages_of
from wsmigrate.parity.recording import End, Handshake, SocketRecording

# Of all others there are digests: a token may come back in any of them.
_PLAIN_HEADERS = frozenset(
    {
        "connection",
        "content-length",
        "content-type",
        "date",
        "sec-websocket-extensions",
        "server",
        "transfer-encoding",
        "upgrade",
    }
)
_RANDOM_HEADERS = frozenset({"set-cookie", "sec-websocket-accept"})
_OF_DIGEST = 16
_GONE = "(redacted)"


@dataclass(frozen=True)
class DigestRedactor:
    """Leaves lengths and SHA-256 digests. With a key the digests are HMACs, so that a short message
    cannot be guessed by trying; then only recordings of the same key can be compared."""

    key: bytes = b""

    @property
    def name(self) -> str:
        """What a recording says of it: equal for digests that can be compared."""
        if not self.key:
            return "sha256"
        return f"hmac-sha256:{hashlib.sha256(self.key).hexdigest()[:12]}"

    def digest(self, content: bytes) -> str:
        """What stands in place of a message."""
        if self.key:
            return hmac.new(self.key, content, "sha256").hexdigest()
        return hashlib.sha256(content).hexdigest()

    def frames(self, frames: tuple[WireFrame, ...]) -> tuple[WireFrame, ...]:
        """The frames without payloads. The digest of a message, put together and inflated, stands
        on its last frame."""
        messages = iter(messages_of(frames))
        redacted: list[WireFrame] = []
        unfinished = False
        for frame in frames:
            if is_control(frame.opcode):
                redacted.append(_control(frame, self.digest(frame.payload)))
                continue
            if unfinished and frame.opcode != 0:  # its message has begun anew
                redacted[-1] = redacted[-1]._replace(digest=self.digest(next(messages).content))
            unfinished = not frame.fin
            digest = self.digest(next(messages).content) if frame.fin else ""
            redacted.append(_without_payload(frame, digest))
        if unfinished:
            redacted[-1] = redacted[-1]._replace(digest=self.digest(next(messages).content))
        return tuple(redacted)

    def message(self, message: DataMessage) -> DataMessage:
        """A message as it would be, had its recording been redacted."""
        if message.is_redacted:
            return message
        return message._replace(
            content=self.digest(message.content).encode("ascii"),
            size=message.length,
            deflated=b"",
        )


def redacted_socket(socket: SocketRecording, redactor: DigestRedactor) -> SocketRecording:
    """The recording of a client without payloads, reasons, cookies and the query string."""
    return replace(
        socket,
        frames=redactor.frames(socket.frames),
        handshake=_handshake(socket.handshake, redactor),
        end=_end(socket.end, redactor),
        path=socket.path.partition("?")[0],
    )


def rewritten_socket(socket: SocketRecording, rewrite: Callable[[bytes], bytes]) -> SocketRecording:
    """The recording with every message rewritten by the user's own redaction. Each message is then
    one frame of its opcode; ping and pong payloads and reasons are emptied."""
    frames = []
    for message in messages_of(socket.frames):
        frames.append(WireFrame(message.opcode, rewrite(message.content), message.at))
    return replace(
        socket,
        frames=tuple(frames),
        handshake=_handshake(socket.handshake, DigestRedactor()),
        end=replace(socket.end, reason="", client_reason=""),
        path=socket.path.partition("?")[0],
    )


def _without_payload(frame: WireFrame, digest: str) -> WireFrame:
    return frame._replace(payload=b"", size=frame.length, digest=digest)


def _control(frame: WireFrame, digest: str) -> WireFrame:
    return frame if not frame.payload else _without_payload(frame, digest)


def _handshake(handshake: Handshake | None, redactor: DigestRedactor) -> Handshake | None:
    if handshake is None:
        return None

    def shown(name: str, value: str) -> str:
        if name in _PLAIN_HEADERS:
            return value
        return _GONE if name in _RANDOM_HEADERS else _short(value, redactor)

    headers = tuple((name, shown(name.lower(), value)) for name, value in handshake.headers)
    return replace(handshake, headers=headers)


def _end(end: End, redactor: DigestRedactor) -> End:
    return replace(
        end,
        reason=_short(end.reason, redactor),
        client_reason=_short(end.client_reason, redactor),
    )


def _short(text: str, redactor: DigestRedactor) -> str:
    return redactor.digest(text.encode("utf-8"))[:_OF_DIGEST] if text else ""
