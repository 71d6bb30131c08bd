"""Acts out one case on both servers at once."""

from __future__ import annotations

import asyncio
import json
import shlex
import time
from collections.abc import Sequence
from functools import singledispatchmethod
from typing import Any

from compat_tests.cases.case import (
    Case,
    EndServers,
    Join,
    Leave,
    Listen,
    Notify,
    Pause,
    Ping,
    Publish,
    PublishAtOnce,
    PublishDuringJoin,
    PublishMixed,
    Resume,
    Send,
    Settle,
)
from compat_tests.notifs.notify import notify
from compat_tests.running.acted import Acted
from compat_tests.running.joining import Joining
from compat_tests.running.mailroom import Mailroom
from compat_tests.running.options import RunOptions
from compat_tests.running.patience import Patience
from compat_tests.running.seats import Bell, Seat, all_came
from wsmigrate.errors import UnavailableError

_ANSWER_S = 5.0
_TO_END_S = 2.0
_QUIET_S = 1.5
_LISTEN_S = 20.0
_PROBE = '{{"parity":"warm-up","room":"{}","number":{}}}'
_LAST = '{{"parity":"end","room":"{}"}}'


class Stage:
    """One case, from the first handshake to the last goodbye."""

    def __init__(
        self,
        case: Case,
        options: RunOptions,
        mailroom: Mailroom,
        patience: Patience,
        began: float,
    ) -> None:
        self._case = case
        self._options = options
        self._mailroom = mailroom
        self._patience = patience
        self._bell = Bell()
        self._joining = Joining(case.clients, options, patience, self._bell, began)
        self._acted = Acted(case)

    async def act(self) -> Acted:
        """Act the case out. Raises UnavailableError where a server or the publisher is away."""
        try:
            for step in self._case.steps:
                await self._do(step)
            await self._end()
        finally:
            for seat in self._acted.seats:
                seat.wire.cut()
        return self._acted

    @singledispatchmethod
    async def _do(self, step: Any) -> None:
        raise TypeError(f"{type(step).__name__} is no step")

    @_do.register
    async def _(self, step: Join) -> None:
        joined = await self._join(*step.clients)
        if self._case.warms_up and self._case.publishes and self._mailroom.is_there:
            rooms = dict.fromkeys(seat.room for seat in joined if seat.wire.is_open)
            await asyncio.gather(
                *(
                    self._warm_up(room, [one for one in joined if one.room == room])
                    for room in rooms
                )
            )

    @_do.register
    async def _(self, step: Publish) -> None:
        room = self._joining.room(step.to)
        if step.may_be_dropped:
            for seat in self._acted.seats:
                seat.may_get_more |= seat.room == room
            await self._mailroom.publish(room, step.payloads)
        else:
            await self._publish(room, step.payloads)

    @_do.register
    async def _(self, step: PublishMixed) -> None:
        for name, payload in step.messages:
            await self._publish(self._joining.room(name), (payload,))

    @_do.register
    async def _(self, step: PublishAtOnce) -> None:
        room = self._joining.room(step.to)
        for number, payloads in enumerate(step.publishers):
            self._acted.publishers.update(dict.fromkeys(payloads, number))
            self._expect(room, len(payloads))
        await self._mailroom.publish_at_once(room, step.publishers)

    @_do.register
    async def _(self, step: PublishDuringJoin) -> None:
        room = self._joining.room(step.to)
        self._expect(room, len(step.payloads))
        publishing = asyncio.create_task(self._mailroom.publish(room, step.payloads))
        try:
            await self._join(step.joining)
        finally:
            await publishing

    @_do.register
    async def _(self, step: Notify) -> None:
        room = self._joining.room(step.to)
        for message in step.messages:
            self._mailroom.remember(room, json.dumps(message).encode())
        self._expect(room, len(step.messages))
        command = self._options.notifs[step.version]
        await asyncio.to_thread(
            notify, command, step.version, self._options.amqp_url, room, step.messages
        )

    @_do.register
    async def _(self, _step: Settle) -> None:
        await self._settle()

    @_do.register
    async def _(self, _step: Listen) -> None:
        seats = self._acted.seats
        deadline = time.monotonic() + _LISTEN_S
        while time.monotonic() < deadline:
            before = sum(seat.wire.messages for seat in seats)

            def has_more(before: int = before) -> bool:
                return sum(seat.wire.messages for seat in seats) > before

            patience_s = _QUIET_S if before else self._options.patience_s
            if not await self._bell.until(has_more, patience_s):
                return

    @_do.register
    async def _(self, step: Send) -> None:
        seats = self._seats_of(step.client)
        before = [seat.wire.pongs for seat in seats]
        for seat in seats:
            seat.wire.send(step.data, step.provocation)
            if step.pings:
                seat.wire.ping(b"")
        if not step.pings:
            # Some servers end the connection now. What followed at once could meet a closed socket,
            # and the reset would overtake the close frame.
            await self._gone(seats, _TO_END_S)
            return
        await self._bell.until(
            lambda: all(
                seat.wire.pongs > count or not seat.wire.is_open
                for seat, count in zip(seats, before, strict=True)
            ),
            _ANSWER_S,
        )

    @_do.register
    async def _(self, step: Ping) -> None:
        seats = self._seats_of(step.client)
        due = {id(seat): seat.wire.pongs + 1 for seat in seats}
        for seat in seats:
            seat.wire.ping(step.payload)
        await self._bell.until(
            lambda: all(
                seat.wire.pongs >= due[id(seat)] or not seat.wire.is_open for seat in seats
            ),
            _ANSWER_S,
        )

    @_do.register
    async def _(self, step: Pause) -> None:
        for seat in self._seats_of(step.client):
            seat.is_paused = True
            seat.wire.pause()

    @_do.register
    async def _(self, step: Resume) -> None:
        for seat in self._seats_of(step.client):
            seat.is_paused = False
            seat.wire.resume()

    @_do.register
    async def _(self, step: Leave) -> None:
        seats = self._seats_of(step.client)
        for seat in seats:
            if step.cut:
                seat.wire.cut()
            else:
                seat.wire.close(step.code, step.reason)
        await self._gone(seats, self._patience.goodbye_s)

    @_do.register
    async def _(self, _step: EndServers) -> None:
        servers = self._options.servers.values()
        await asyncio.gather(*(_run(server.end_command) for server in servers))
        await self._gone(self._acted.seats, 60.0)

    def _seats_of(self, name: str) -> list[Seat]:
        return [seat for seat in self._acted.seats if seat.name == name]

    def _expect(self, room: str, count: int) -> None:
        self._acted.published[room] = self._acted.published.get(room, 0) + count
        for seat in self._acted.seats:
            if seat.room == room:
                seat.due += count

    async def _publish(self, room: str, payloads: Sequence[bytes]) -> None:
        self._expect(room, len(payloads))
        await self._mailroom.publish(room, payloads)

    async def _join(self, *names: str) -> list[Seat]:
        seats = await self._joining.join(names)
        self._acted.seats += seats
        return seats

    async def _warm_up(self, room: str, joined: list[Seat]) -> None:
        """Until each has got a message. Most servers need one: they let a client in once it will
        miss nothing. For others the comparison begins at the first message that all have."""
        deaf = [seat for seat in joined if seat.wire.is_open]
        number = self._acted.probes.get(room, 0)
        first, began = number + 1, time.monotonic()
        for _ in range(self._patience.probes):
            number += 1
            await self._publish(room, (_PROBE.format(room, number).encode(),))
            if await self._bell.until(
                lambda: all(seat.wire.messages or not seat.wire.is_open for seat in deaf),
                self._patience.probe_s,
            ):
                self._patience.note_probe(time.monotonic() - began)
                break
        else:
            for seat in deaf:
                seat.due = min(seat.due, max(seat.wire.messages, 1))
        self._acted.probes[room] = number
        if number > first:
            # The others are on their way to those who leave soon, perhaps.
            last = _PROBE.format(room, number).encode()
            await self._bell.until(
                lambda: all(seat.has_got(last) or not seat.wire.is_open for seat in deaf),
                self._patience.probe_s,
            )

    async def _settle(self) -> bool:
        return await all_came(self._acted.seats, self._bell, self._patience)

    async def _end(self) -> None:
        """A last message in every room, behind which nothing may come; then a goodbye of all."""
        seats = self._acted.seats
        if self._case.publishes and self._mailroom.is_there:
            await self._publish_last()
            has_all = await self._settle()
            for seat in seats:
                self._patience.note(seat.side, seat.wire.messages)
                seat.is_short = not has_all and seat.is_waiting and seat.wire.messages < seat.due
            for side in {seat.side for seat in seats if seat.is_short}:
                self._patience.fell_short(side)
        for seat in seats:
            seat.wire.close()
        if not await self._gone(seats, self._patience.goodbye_s):
            for side in {seat.side for seat in seats if seat.wire.is_open}:
                self._patience.did_not_close(side)

    async def _publish_last(self) -> None:
        live = [seat for seat in self._acted.seats if seat.wire.is_open]
        for room in dict.fromkeys(seat.room for seat in live):
            last = _LAST.format(room).encode()
            for seat in live:
                if seat.room == room:
                    seat.wants = last
            await self._publish(room, (last,))

    async def _gone(self, seats: Sequence[Seat], limit_s: float = _ANSWER_S) -> bool:
        return await self._bell.until(lambda: not any(seat.wire.is_open for seat in seats), limit_s)


async def _run(command: str) -> None:
    words = shlex.split(command)
    process = await asyncio.create_subprocess_exec(*words)
    if await process.wait() != 0:
        raise UnavailableError(
            f"The command that ends a server, {words[0]}, failed with {process.returncode}."
        )
