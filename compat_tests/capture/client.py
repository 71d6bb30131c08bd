"""A WebSocket client that records every byte that the server sends, and when."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from dataclasses import replace

from compat_tests.capture.request import Request, Target
from compat_tests.capture.sending import client_frame, close_frame
from wsmigrate.errors import UnavailableError
from wsmigrate.parity.frames import FrameReader, Opcode, WireFrame
from wsmigrate.parity.recording import (
    End,
    EndKind,
    Handshake,
    Provocation,
    SocketRecording,
    close_of_payload,
)

_OPEN_S = 30.0
_LIMIT_OF_HEAD = 1 << 16

FrameTap = Callable[[WireFrame], None]


class NoConnectionError(UnavailableError):
    """Nobody accepted the TCP connection, or TLS failed."""


class WireClient(asyncio.Protocol):
    """One socket. It answers pings and the server's close, and does else what it is told.

    ``frames`` holds every frame of the server in the order of arrival, ``messages`` counts data
    messages that are complete. Times are in seconds since ``began`` (time.monotonic). ``changed``
    is called after each arrival and at the end. With a ``tap`` frames are handed to it and not
    kept.
    """

    def __init__(
        self,
        request: Request,
        target: Target,
        *,
        began: float,
        changed: Callable[[], None] = lambda: None,
        tap: FrameTap | None = None,
    ) -> None:
        self.request = request
        self.handshake: Handshake | None = None
        self.frames: list[WireFrame] = []
        self.messages = 0
        self.end = End(EndKind.OPEN)
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.gone = asyncio.Event()
        self.answers_pings = True
        self._target = target
        self._began = began
        self._changed = changed
        self._tap = tap
        self._reader = FrameReader()
        self._head = b""
        self._asked_at = 0.0
        self._transport: asyncio.Transport | None = None
        self._provocation = Provocation.NOTHING
        self._client_code: int | None = None
        self._client_reason = ""
        self._pings: list[bytes] = []
        self._server_closed: End | None = None

    @classmethod
    async def open(
        cls,
        request: Request,
        target: Target,
        *,
        began: float,
        changed: Callable[[], None] = lambda: None,
        tap: FrameTap | None = None,
        tls: ssl.SSLContext | None = None,
        answer_s: float = _OPEN_S,
    ) -> WireClient:
        """Connect, and wait for the answer to the handshake; ``handshake`` is None if none came.

        Raises NoConnectionError.
        """
        context = (tls or ssl.create_default_context()) if target.tls else None
        try:
            _, client = await asyncio.wait_for(
                asyncio.get_running_loop().create_connection(
                    lambda: cls(request, target, began=began, changed=changed, tap=tap),
                    target.host,
                    target.port,
                    ssl=context,
                ),
                _OPEN_S,
            )
        except (OSError, TimeoutError) as error:
            raise NoConnectionError(
                f"No connection to {target.authority} ({_reason(error)}).",
                remedy=_remedy(error, target),
            ) from error
        await asyncio.wait({client.opened}, timeout=answer_s)
        return client

    @property
    def is_open(self) -> bool:
        """Whether frames may still come."""
        return self.handshake is not None and self.handshake.is_open and self._transport is not None

    @property
    def pongs(self) -> int:
        """How many pings were answered."""
        return sum(frame.opcode == Opcode.PONG for frame in self.frames)

    def recording(self, client: str, room: str) -> SocketRecording:
        """What was recorded until now."""
        end = self.end
        if end.kind is EndKind.OPEN:
            end = self._ended(EndKind.OPEN)
        frames = tuple(self.frames)
        path, pings = self.request.path, tuple(self._pings)
        return SocketRecording(client, room, self.handshake, frames, end, path, pings)

    def send(self, data: bytes, provocation: Provocation = Provocation.NOTHING) -> None:
        """Send bytes as they are. What may end the connection is to be said."""
        if provocation is not Provocation.NOTHING:
            self._provocation = provocation
        if self._transport is not None:
            self._transport.write(data)

    def ping(self, payload: bytes) -> None:
        """Send a ping."""
        if self._transport is not None:
            self._pings.append(payload)
            self._transport.write(client_frame(Opcode.PING, payload))

    def close(self, code: int | None = 1000, reason: str = "") -> None:
        """Begin to close. The server's answer is recorded, and the end of the connection."""
        if self._transport is None or self._server_closed is not None:
            return
        if self.handshake is None or not self.handshake.is_open:
            self.cut()  # it never became a WebSocket
            return
        if self._provocation is Provocation.NOTHING:
            self._provocation = Provocation.CLOSE
        self._client_code = 1005 if code is None else code
        self._client_reason = reason
        self._transport.write(close_frame(code, reason))

    def cut(self) -> None:
        """End the TCP connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def pause(self) -> None:
        """Read nothing until ``resume``: a slow reader."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the handshake."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - TCP and TLS have no other
        self._transport = transport
        self._asked_at = time.monotonic() - self._began
        transport.write(self.request.to_bytes(self._target))

    def data_received(self, data: bytes) -> None:
        """Take in what came."""
        at = time.monotonic() - self._began
        if self.handshake is None:
            self._head += data
            head, found, data = self._head.partition(b"\r\n\r\n")
            if not found:
                if len(self._head) > _LIMIT_OF_HEAD:
                    self.cut()
                return
            self._take_answer(head, at)
        if self.handshake is not None and self.handshake.is_open:
            for frame in self._reader.feed(data, at):
                self._take(frame)
            self._changed()

    def eof_received(self) -> bool:
        """The server has closed its side: so do we."""
        return False

    def connection_lost(self, _error: Exception | None) -> None:
        """The end."""
        self._transport = None
        self.end = self._server_closed or self._ended(EndKind.CUT)
        if not self.opened.done():
            self.opened.set_result(None)
        self.gone.set()
        self._changed()

    def _take_answer(self, head: bytes, at: float) -> None:
        try:
            answer = self.request.answered(head)
            self.handshake = replace(answer, at=at, took_s=at - self._asked_at)
        except ValueError:
            self.cut()
            return
        if not self.handshake.is_open and self._transport is not None:
            self._transport.close()
        if not self.opened.done():
            self.opened.set_result(None)

    def _take(self, frame: WireFrame) -> None:
        if self._tap is None:
            self.frames.append(frame)
        else:
            self._tap(frame)
        opcode = frame.opcode
        if opcode < Opcode.CLOSE:
            self.messages += frame.fin
        elif opcode == Opcode.PING:
            if self.answers_pings and self._transport is not None:
                self._transport.write(client_frame(Opcode.PONG, frame.payload))
        elif opcode == Opcode.CLOSE:
            self._take_close(frame)

    def _take_close(self, frame: WireFrame) -> None:
        if self._server_closed is not None or self._transport is None:
            return
        code, reason = close_of_payload(frame.payload)
        self._server_closed = self._ended(EndKind.CLOSED, code, reason)
        if self._client_code is None:
            self._transport.write(close_frame(None if code == 1005 else code))
        # RFC 6455, 7.1.1 leaves the end of TCP to the server, but not every server comes to it.
        self._transport.close()

    def _ended(self, kind: EndKind, code: int | None = None, reason: str = "") -> End:
        at = time.monotonic() - self._began
        by_client = self._provocation, self._client_code, self._client_reason
        return End(kind, code, reason, at, *by_client)


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    return type(error).__name__


def _remedy(error: Exception, target: Target) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "Name the authority that signed it with --ca, and check the host's name in the URL."
    if target.tls and isinstance(error, (ssl.SSLError, ConnectionResetError)):
        return "Check that the server speaks TLS there: else its URL begins with ws://."
    return "Check the URL, and that the server runs."
