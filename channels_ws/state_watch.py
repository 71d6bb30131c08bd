"""A server process follows the state of the cutover, and reports what it applies."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from channels_ws.notify.state_source import Connect, StateSource
from wsmigrate.errors import UnavailableError
from wsmigrate.site_state import SiteState

logger = logging.getLogger(__name__)

_EVERY_S = 0.4
_SOON_S = 0.05
_FIRST_WITHIN_S = 5.0
_RETRY_S = 1.0

Apply = Callable[[SiteState], Awaitable[None]]
"""Returns once the process acts on the state; may be called again with the same one."""


class StateWatch:
    """Asks for the state every 0.4 seconds, has each new one applied, and reports its revision once
    it is. ``facts`` are told with each question."""

    def __init__(self, connect: Connect, apply: Apply, facts: Callable[[], dict[str, Any]]) -> None:
        self._source = StateSource(connect, "server", uuid.uuid4().hex)
        self._apply = apply
        self._facts = facts
        self._applied: int | None = None
        self._asked: asyncio.Event | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._news = asyncio.Queue[SiteState](maxsize=1)
        self._last: SiteState | None = None

    async def start(self) -> SiteState | None:
        """The first state, None where the database does not answer; then go on asking."""
        self._asked = asyncio.Event()
        state: SiteState | None = None
        try:
            async with asyncio.timeout(_FIRST_WITHIN_S):
                state = await self._follow()
        except (TimeoutError, UnavailableError) as error:
            logger.warning("The state of the cutover is not known yet (%s)", error)
        if state is not None:
            self._applied, self._last = state.revision, state
        self._tasks = [
            asyncio.create_task(self._keep_asking(), name="state-watch"),
            asyncio.create_task(self._keep_applying(), name="state-apply"),
        ]
        return state

    async def stop(self) -> None:
        """Say that this process is gone."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            async with asyncio.timeout(_RETRY_S):
                await asyncio.to_thread(self._source.end)
        except TimeoutError:
            logger.debug("The database did not hear that this process has ended")

    def ask_now(self) -> None:
        """Somebody has heard of a newer state."""
        if self._asked is not None:
            self._asked.set()

    async def _follow(self) -> SiteState:
        return await asyncio.to_thread(self._source.follow, self._applied, self._facts())

    async def _keep_asking(self) -> None:
        failing = False
        while True:
            try:
                state = await self._follow()
            except UnavailableError as error:
                if not failing:
                    logger.warning("%s The last one known stays in force", error)
                failing = True
            else:
                failing = False
                self._heard(state)
            await self._pause()

    async def _pause(self) -> None:
        if self._asked is None:
            return
        await asyncio.sleep(_SOON_S)
        try:
            await asyncio.wait_for(self._asked.wait(), _EVERY_S)
        except TimeoutError:
            return
        finally:
            self._asked.clear()

    def _heard(self, state: SiteState) -> None:
        if state == self._last:
            return
        self._last = state
        if self._news.full():
            self._news.get_nowait()
        self._news.put_nowait(state)

    async def _keep_applying(self) -> None:
        while True:
            state = await self._news.get()
            while True:
                try:
                    await self._apply(state)
                except UnavailableError as error:
                    logger.warning("The state of the cutover is not applied yet: %s", error)
                    await asyncio.sleep(_RETRY_S)
                    if not self._news.empty():
                        break
                else:
                    self._applied = state.revision
                    self.ask_now()  # and tell
                    break
