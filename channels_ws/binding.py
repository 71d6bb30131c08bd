"""Declaring and binding over one AMQP connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from channels_ws.room_queues import RoomQueues
from wsmigrate.amqp import AmqpChannel, AmqpClosedError, AmqpConnection
from wsmigrate.config import Config
from wsmigrate.inbox_claim import claim
from wsmigrate.room_bindings import Binding, RoomBindings, type_of_refusal
from wsmigrate.wiring import RoomForm

_ACCESS_REFUSED = 403
_NOT_FOUND = 404
_NO_QUEUE = "no queue"
_PRECONDITION_FAILED = 406
_MARK_EXPIRES_MS = 30 * 60 * 1000
_LANES = 32


class _Lane:
    """A channel on which operations go one after another: the broker refuses by closing the
    channel, and so it is known whose operation was refused, and nobody else's fails with it."""

    def __init__(self, connection: AmqpConnection) -> None:
        self._connection = connection
        self._turn = asyncio.Lock()
        self._channel: AmqpChannel | None = None

    async def do(self, method: str, **arguments: object) -> None:
        """Have the broker do it. Raises AmqpClosedError."""
        async with self._turn:
            channel = await self._open_channel()
            await channel.rpc(method, **arguments)

    async def declare_and_bind(
        self, exchange: Mapping[str, object], bindings: Sequence[Binding]
    ) -> str | None:
        """Both in one round trip. Raises AmqpClosedError.

        An exchange that exists with other properties, or that this user may not declare, is bound
        as it is; where ``bindings`` do not suit its type, nothing is bound and the type is
        returned.
        """
        async with self._turn:
            channel = await self._open_channel()
            try:
                channel.tell("exchange_declare", **exchange)
                for binding in bindings:
                    await channel.rpc("queue_bind", **binding.as_amqp())
            except AmqpClosedError as error:
                if error.reply_code not in (_PRECONDITION_FAILED, _ACCESS_REFUSED):
                    raise
                if (kind := type_of_refusal(str(error))) is not None:
                    return kind
                await self._bind(bindings)
        return None

    async def bind(self, bindings: Sequence[Binding]) -> None:
        """Bind to an exchange that is there. Raises AmqpClosedError."""
        async with self._turn:
            await self._bind(bindings)

    async def _bind(self, bindings: Sequence[Binding]) -> None:
        channel = await self._open_channel()
        for binding in bindings:
            await channel.rpc("queue_bind", **binding.as_amqp())

    async def _open_channel(self) -> AmqpChannel:
        if self._channel is None or self._channel.closed.done():
            self._channel = await self._connection.channel()
        return self._channel


def is_missing_inbox(error: AmqpClosedError) -> bool:
    """Whether the broker has refused a binding because there is no such inbox."""
    return error.reply_code == _NOT_FOUND and _NO_QUEUE in str(error)


def _nobody(_room: str) -> None:
    return


@dataclass
class BindingSession:
    """What one connection to the broker is used for, from its opening to its end.

    Operations on one room go one after another, in the order in which they were asked for; those on
    different rooms go side by side, on several channels. ``bound`` are the rooms whose binding was
    confirmed on this connection. ``site`` is the site's name, where its inboxes are to be claimed.
    ``on_lost`` hears of a room whose messages may have been lost.
    """

    connection: AmqpConnection
    config: Config
    key: str
    site: str | None = None
    on_lost: Callable[[str], None] = _nobody
    bound: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._lanes = [_Lane(self.connection) for _ in range(_LANES)]
        self._bindings = RoomBindings(self.config, self.key)
        has_queues = self.config.wiring.form is RoomForm.QUEUE
        queues = RoomQueues(self.connection, self.config, self._lost) if has_queues else None
        self._queues = queues
        self._others: dict[str, list[Binding]] = {}  # of exchanges of another type than expected

    @property
    def is_lost(self) -> bool:
        """Whether the connection is gone."""
        return self.connection.closed.done()

    async def declare_inboxes(self) -> None:
        """Make sure that all inboxes exist, and are this site's. One that exists with another
        retention is used as it is. Raises AmqpClosedError, and OtherSitesInboxError."""
        arguments = self.config.inbox_arguments
        for inbox in self.config.inbox_names:
            await self._declare("queue_declare", queue=inbox, durable=True, arguments=arguments)
        if self.site is not None:
            await claim(self.connection, self.config.inbox_names, self.site, self.config.inbox_kind)

    async def bind(self, room: str) -> None:
        """Return once the broker has confirmed exchange and binding. Raises AmqpClosedError, and
        RoomError for a room that cannot be wired.

        An exchange that the application declares with other properties is used as it is.
        """
        if self._queues is not None:
            await self._queues.open(room)
            self.bound.add(room)
            return
        lane, bindings = self._lane_of(room), self._bindings.of(room)
        kind = await lane.declare_and_bind(self._bindings.exchange_of(room), bindings)
        if kind is not None:
            bindings = self._bindings.of(room, kind)
            await lane.bind(bindings)
            self._others[room] = bindings
        self.bound.add(room)

    def _lost(self, room: str) -> None:
        """Whoever joins from now on has to ask for the queue again, which may be refused."""
        self.bound.discard(room)
        self.on_lost(room)

    async def unbind(self, room: str) -> None:
        """Take this process's binding back, if it is there. Raises AmqpClosedError."""
        self.bound.discard(room)
        if self._queues is not None:
            await self._queues.close(room)
            return
        for binding in self._others.pop(room, None) or self._bindings.of(room):
            try:
                await self._lane_of(room).do("queue_unbind", **binding.as_amqp())
            except AmqpClosedError as error:
                if error.reply_code != _NOT_FOUND:
                    raise

    async def leave_mark(self) -> bool:
        """Leave a sign of this process in the broker, which ends with the broker's memory; whether
        it was there before. Raises AmqpClosedError.

        It is a queue that is not durable, as the bindings are not, but outlives the connection. The
        broker removes it half an hour after the process's last connection.
        """
        mark = f"wsmigrate.mark.{self.key}"
        try:
            await self._do("queue_declare", queue=mark, passive=True)
        except AmqpClosedError as error:
            if error.reply_code != _NOT_FOUND:
                raise
            await self._do("queue_declare", queue=mark, arguments={"x-expires": _MARK_EXPIRES_MS})
            return False
        return True

    async def remove_mark(self) -> None:
        """Take the sign away. Raises AmqpClosedError."""
        await self._do("queue_delete", queue=f"wsmigrate.mark.{self.key}")

    async def _declare(self, method: str, **arguments: object) -> None:
        try:
            await self._do(method, **arguments)
        except AmqpClosedError as error:
            if error.reply_code != _PRECONDITION_FAILED:
                raise

    async def _do(self, method: str, **arguments: object) -> None:
        await self._lanes[0].do(method, **arguments)

    def _lane_of(self, room: str) -> _Lane:
        return self._lanes[hash(room) % _LANES]
