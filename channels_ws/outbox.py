"""The outbox of a socket: sends at once, and bounds what waits for a client that is slow."""

from __future__ import annotations

import asyncio
import contextvars
import enum
import inspect
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from dataclasses import dataclass
from typing import Any

logger = logging.getLogger(__name__)

Event = dict[str, Any]
Sending = Coroutine[Any, Any, None]

# What may come out of send(); none of it may end the task that delivers to the other sockets.
_FAILURES = (Exception, asyncio.CancelledError)


class CloseCode(enum.IntEnum):
    """Close codes of ours (RFC 6455, 7.4.1, and the IANA registry for 1012 and 1013; 4000 and above
    are for applications)."""

    UNSUPPORTED_DATA = 1003
    POLICY_VIOLATION = 1008
    MESSAGE_TOO_BIG = 1009
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
    TOKEN_EXPIRED = 4401


@dataclass(frozen=True, slots=True)
class TextFrame:
    """A text as the ASGI event that sends it and its payload's size in bytes, both made once for
    all sockets that it goes to. Nobody changes the event."""

    event: Event
    size: int

    @property
    def text(self) -> str:
        """The payload, decoded."""
        return str(self.event["text"])

    @classmethod
    def of(cls, text: str) -> TextFrame:
        """The frame of a text. Raises UnicodeEncodeError for what is not Unicode."""
        size = len(text) if text.isascii() else len(text.encode())
        return cls({"type": "websocket.send", "text": text}, size)


@dataclass(frozen=True)
class OutboxLimits:
    """What may wait for one client: frames, and bytes of their payloads. ``grace_s``: how long a
    client that is being closed may take for the frame that is on its way."""

    frames: int
    size: int
    grace_s: float = 5.0


class _Phase(enum.Enum):
    HELD = enum.auto()  # the handshake is not over: frames wait
    IDLE = enum.auto()  # nothing waits: a frame goes out at once
    BUSY = enum.auto()  # a frame is on its way: others wait
    CLOSING = enum.auto()  # the close goes out after the frame that is on its way, if any
    ENDED = enum.auto()


# Looking up a member in its enumeration takes as long as the rest of a check.
_HELD, _IDLE, _BUSY, _CLOSING, _ENDED = _Phase


class Outbox:
    """Sends frames in order, without holding up who puts them in.

    The ASGI server's ``send()`` is a coroutine that hardly ever waits. So ``put`` runs it by hand,
    in the socket's own context, and only one that does wait is given a task, which also works off
    what is put in meanwhile. An idle socket has none: a queue and a task for each cost 40 % of the
    frames per second. ``send()`` must therefore not depend on the task that it begins in, as
    ``asyncio.timeout`` does; no ASGI server's does.

    Once more than ``limits.frames`` frames or ``limits.size`` bytes wait, the client is too slow:
    what waits is dropped, and the socket is closed with 1013. The close goes out after the frame
    that is on its way; where the client does not take that one either, the outbox gives up after
    the grace and calls ``abort``, if the server offers one, to end the connection.
    """

    __slots__ = (
        "_abort",
        "_context",
        "_limits",
        "_on_close",
        "_patience",
        "_phase",
        "_run",
        "_send",
        "_size",
        "_task",
        "_waiting",
        "close_code",
    )

    def __init__(
        self,
        send: Callable[[Event], Awaitable[None]],
        limits: OutboxLimits,
        *,
        abort: Callable[[], None] | None = None,
        on_close: Callable[[CloseCode], None] | None = None,
    ) -> None:
        """``on_close`` is told when this side begins to close the socket."""
        self._send = _as_coroutine_function(send)
        self._limits = limits
        self._abort = abort
        self._on_close = on_close
        # A copy: the context itself may be entered already, by the task of the socket.
        self._context = contextvars.copy_context()
        self._run = self._context.run
        self._phase = _HELD
        self._waiting: deque[TextFrame] | None = None  # made when first needed: it is large
        self._size = 0
        self._task: asyncio.Task[None] | None = None
        self._patience: asyncio.TimerHandle | None = None
        self.close_code: CloseCode | None = None
        """What this side has closed the socket with; None while it has not."""

    def open(self) -> None:
        """The handshake is over: send what waits, and from now on what is put in."""
        if self._phase is _HELD:
            self._phase = _BUSY
            self._go_on()
        elif self._phase is _CLOSING:
            self._start_grace()
            self._go_on()

    def put(self, frame: TextFrame) -> bool:
        """Take a frame to send; False if the socket is closed or being closed. Never blocks."""
        if self._phase is _IDLE:
            # The hot path: some 600 ns of the 12 us that a server takes for a frame.
            self._phase = _BUSY
            sending = self._send(frame.event)
            try:
                awaited = self._run(sending.send, None)
            except StopIteration:
                if self._phase is _BUSY and self._waiting is None:
                    self._phase = _IDLE
                    return True
                self._go_on()
            except _FAILURES as error:
                self._failed(error)
                self._go_on()
            else:
                self._park(sending, awaited)
        elif self._phase is _BUSY or self._phase is _HELD:
            self._wait(frame)
        return self.close_code is None and self._phase is not _ENDED

    def close(self, code: CloseCode) -> None:
        """Drop what waits and close the socket. Never blocks."""
        if self._phase is _CLOSING or self._phase is _ENDED:
            return
        before, self._phase = self._phase, _CLOSING
        self.close_code = code
        self._forget_waiting()
        if self._on_close is not None:
            self._on_close(code)
        if before is not _HELD:
            self._start_grace()
        if before is _IDLE:
            self._go_on()

    def end(self) -> None:
        """The socket is gone, or nobody serves it any longer."""
        self._phase = _ENDED
        self._forget_waiting()
        if self._task is not None:
            self._task.cancel()
        # After a 1013 the timer stays: the server believes the socket closed once it has the close,
        # and the client, which reads nothing, may never have it.
        if self._patience is not None and self.close_code is not CloseCode.TRY_AGAIN_LATER:
            self._patience.cancel()

    def _wait(self, frame: TextFrame) -> None:
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append(frame)
        self._size += frame.size
        if len(self._waiting) > self._limits.frames or self._size > self._limits.size:
            self.close(CloseCode.TRY_AGAIN_LATER)

    def _start_grace(self) -> None:
        self._patience = asyncio.get_running_loop().call_later(self._limits.grace_s, self._give_up)

    def _forget_waiting(self) -> None:
        self._waiting = None
        self._size = 0

    def _next(self) -> Event | None:
        """What to send now; None, in a phase that says so, if there is nothing."""
        if self._phase is _CLOSING:
            self._phase = _ENDED
            return {"type": "websocket.close", "code": int(self.close_code or 1000)}
        if self._waiting:
            frame = self._waiting.popleft()
            self._size -= frame.size
            return frame.event
        self._waiting = None
        if self._phase is _BUSY:
            self._phase = _IDLE
        return None

    def _go_on(self) -> None:
        """Send what waits, up to one that has to wait for the client."""
        event = self._next()
        while event is not None and self._step(event):
            event = self._next()

    def _step(self, event: Event) -> bool:
        """Begin to send; whether it is done. What is not done goes on in a task."""
        sending = self._send(event)
        try:
            awaited = self._run(sending.send, None)
        except StopIteration:
            return True
        except _FAILURES as error:
            self._failed(error)
            return True
        self._park(sending, awaited)
        return False

    def _park(self, sending: Sending, awaited: Any) -> None:
        """Have what waits for ``awaited`` go on in a task."""
        self._task = asyncio.get_running_loop().create_task(
            self._drive(_Rest(sending, awaited)), name="outbox", context=self._context
        )

    async def _drive(self, rest: _Rest) -> None:
        """Finish what was begun, then send what waits."""
        sending: Awaitable[None] = rest
        while True:
            try:
                await sending
            except Exception as error:
                self._failed(error)
            event = self._next()
            if event is None:
                self._task = None
                return
            sending = self._send(event)

    def _failed(self, error: BaseException) -> None:
        """A client that is still there must not sit there and get nothing: so it is closed."""
        if self._phase is _ENDED:
            return
        if isinstance(error, OSError):  # it is gone (ASGI, WebSocket specification 2.4)
            self._phase = _ENDED
            self._forget_waiting()
            return
        logger.warning("A frame could not be sent (%s). Its socket is closed", type(error).__name__)
        self.close(CloseCode.INTERNAL_ERROR)

    def _give_up(self) -> None:
        self._phase = _ENDED
        if self._task is not None:
            self._task.cancel()
            self._task = None
            self._end_connection()
        elif self.close_code is CloseCode.TRY_AGAIN_LATER:
            self._end_connection()

    def _end_connection(self) -> None:
        if self._abort is not None:
            self._abort()


class _Rest:
    """The rest of a coroutine that was run by hand, up to the future that it waits for."""

    def __init__(self, sending: Sending, awaited: Any) -> None:
        self._sending = sending
        self._awaited = awaited

    def __await__(self) -> Generator[Any, Any, None]:
        awaited = self._awaited
        try:
            while True:
                # The task that runs this waits for the future as if it had met it itself, and what
                # it throws in, a cancellation, goes where the coroutine waits.
                try:
                    sent = yield awaited
                except BaseException as error:
                    awaited = self._sending.throw(error)
                else:
                    awaited = self._sending.send(sent)
        except StopIteration:
            return


def _as_coroutine_function(
    send: Callable[[Event], Awaitable[None]],
) -> Callable[[Event], Sending]:
    """Only a coroutine can be run by hand; ASGI allows any awaitable."""
    if inspect.iscoroutinefunction(send):
        return send

    async def awaiting(event: Event) -> None:
        await send(event)

    return awaiting
