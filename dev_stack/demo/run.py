"""The course of a demo on a stack that runs: connect, post, move the front door, wait, judge."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dev_stack.demo.audience import Audience
from dev_stack.demo.figures import Figures, Step, figures_of
from dev_stack.demo.ledger import Ledger
from dev_stack.demo.load import Chat, Load, make_chats
from dev_stack.demo.plan import PHASES, DemoOptions, Phase, messages_of_rooms
from dev_stack.demo.report import Report
from dev_stack.demo.sabotage_outcome import SabotageOutcome, outcome_of
from dev_stack.demo.site import Site
from dev_stack.demo.texts import Line, script_of_room
from dev_stack.demo.together import together
from dev_stack.demo.watch import Watch

QUIET_S: Final = 6.0
"""When no frame at all has come for so long, what is missing is taken for lost."""

_QUIET_AFTER_DIFFERENCE_S: Final = 2.0
"""The same, before the front door moves on, in a run that has failed already."""

_SURPLUS_S: Final = 0.5
"""How long to wait for frames too many, once everybody has enough."""


@dataclass(frozen=True)
class Servers:
    """Where the clients connect: base URLs, and what sets the front door's share in percent."""

    legacy_url: str
    channels_url: str
    front_url: str
    set_share: Callable[[int], object]


@dataclass(frozen=True)
class Outcome:
    """The figures, and what the sabotage did if there was one."""

    figures: Figures
    sabotage: SabotageOutcome | None

    def as_json(self) -> dict[str, Any]:
        """What ``--json`` writes."""
        sabotage = {} if self.sabotage is None else {"sabotage": self.sabotage.as_json()}
        return {**self.figures.as_json(), **sabotage}


@dataclass(frozen=True)
class RoomScript:
    """A chat, and the lines of each of PHASES."""

    chat: Chat
    lines: tuple[tuple[Line, ...], ...]


class Demo:
    """One run. ``broken_messages`` tells how many messages of each group a sabotage has broken."""

    def __init__(
        self,
        options: DemoOptions,
        servers: Servers,
        report: Report,
        *,
        broken_messages: Callable[[], Mapping[str, int]] = dict,
        quiet_s: float = QUIET_S,
    ) -> None:
        self._options = options
        self._servers = servers
        self._report = report
        self._broken_messages = broken_messages
        self._quiet_s = quiet_s
        self._ledger = Ledger()
        self._steps: list[Step] = []
        self._watch = Watch(
            self._ledger,
            on_frame=report.received,
            on_difference=report.difference,
            on_end=report.ended,
        )

    async def run(self, site: Site) -> Outcome:
        """Raises WsmigrateError when the run cannot be carried to its end."""
        options, report = self._options, self._report
        chats = await make_chats(site, options.rooms)
        rooms = [chat.room for chat in chats]
        audience = Audience(rooms, options.clients, self._ledger, self._watch)
        try:
            await self._open(audience)
            load = Load(site, self._ledger, report.posted)
            await self._play(audience, load, self._scripts(chats, audience))
            await audience.all_in(self._quiet_s)
            await asyncio.sleep(_SURPLUS_S)
            return self._judge(audience)
        finally:
            await audience.close()

    async def _open(self, audience: Audience) -> None:
        clients, rooms = self._options.clients, self._options.rooms
        self._report.say(
            f"Connecting {clients} clients to each server and {audience.door_clients} to the front"
            f" door, in {rooms} {'room' if rooms == 1 else 'rooms'}"
        )
        await self._set_share(PHASES[0].percent)
        urls = {"legacy": self._servers.legacy_url, "channels": self._servers.channels_url}
        await audience.open(urls, self._servers.front_url)
        self._note_step(audience, PHASES[0])

    def _scripts(self, chats: Sequence[Chat], audience: Audience) -> list[RoomScript]:
        messages = messages_of_rooms(self._options.messages, len(chats))
        listeners = audience.clients_of_rooms
        frames = sum(
            2 * listeners[chat.room] * count for chat, count in zip(chats, messages, strict=True)
        )
        self._report.load_is_known(self._options.messages, frames)
        return [
            RoomScript(chat, script_of_room(count, self._options.seed, number))
            for number, (chat, count) in enumerate(zip(chats, messages, strict=True))
        ]

    async def _play(self, audience: Audience, load: Load, scripts: Sequence[RoomScript]) -> None:
        for number, phase in enumerate(PHASES):
            if phase.moving:
                # What was said before must not come again over the sockets that are opened now.
                await audience.all_in(self._patience_s())
                audience.prepare_to_move()
                await self._move_door(audience, load, scripts, number)
                self._note_step(audience, phase)
            else:
                await together(*(load.post(one.chat, one.lines[number]) for one in scripts))
            self._report.phase_is_over()

    async def _move_door(
        self, audience: Audience, load: Load, scripts: Sequence[RoomScript], number: int
    ) -> None:
        """Post the phase's lines, and have the door and its clients move meanwhile. The last line
        of a room comes when all its clients have two sockets, so that each of them gets it twice.
        """
        moved = {one.chat.room: asyncio.Event() for one in scripts}

        async def move_all() -> None:
            await self._set_share(PHASES[number].percent)
            await together(*(move_room(one) for one in scripts))

        async def move_room(script: RoomScript) -> None:
            clients = audience.door_clients_of(script.chat.room)
            await together(*(client.open() for client in clients))
            moved[script.chat.room].set()
            expect_frames = bool(script.lines[number])
            await together(
                *(
                    client.close_old(expect_frames=expect_frames, quiet_s=self._patience_s())
                    for client in clients
                )
            )

        posts = (
            load.post(one.chat, one.lines[number], before_last=moved[one.chat.room].wait)
            for one in scripts
        )
        await together(move_all(), *posts)

    def _patience_s(self) -> float:
        if self._watch.difference_found:
            return min(self._quiet_s, _QUIET_AFTER_DIFFERENCE_S)
        return self._quiet_s

    async def _set_share(self, percent: int) -> None:
        await asyncio.to_thread(self._servers.set_share, percent)

    def _note_step(self, audience: Audience, phase: Phase) -> None:
        step = audience.step(phase.percent)
        self._steps.append(step)
        self._report.door_is_at(step, moving=phase.moving)

    def _judge(self, audience: Audience) -> Outcome:
        fixed, front_door = audience.heard()
        figures = figures_of(self._ledger, fixed, front_door, self._steps)
        kind = self._options.sabotage
        if kind is None:
            return Outcome(figures, None)
        clients = audience.clients_of_rooms
        return Outcome(figures, outcome_of(kind, self._broken_messages(), clients, figures))
