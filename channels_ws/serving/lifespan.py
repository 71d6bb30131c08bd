"""Starts and stops an ASGI application by the lifespan protocol."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from wsmigrate.errors import ConfigError, UnavailableError

logger = logging.getLogger(__name__)

_OUR_PREFIX = "wsmigrate: "


class StartRefusedError(UnavailableError):
    """The application says that it cannot start."""


class ApplicationLifespan:
    """The lifespan of one application. ``state`` is what it left for its connections.

    A start that fails is an exception with the application's own sentence, and an end has its time.
    """

    def __init__(self, application: Any, name: str) -> None:
        self._application = application
        self.name = name
        self.state: dict[str, Any] = {}
        self._to_application: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._running: asyncio.Task[None] | None = None

    async def startup(self) -> None:
        """Return once the application has started.

        Raises StartRefusedError, or ConfigError where it does not know the protocol.
        """
        scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        self._running = asyncio.create_task(self._run(scope), name="lifespan")
        answer = await self._ask("lifespan.startup")
        if answer is None:
            raise self._not_supported()
        if answer["type"] == "lifespan.startup.failed":
            said = str(answer.get("message", "")).removeprefix(_OUR_PREFIX)
            raise StartRefusedError(said or f"The application {self.name} refuses to start.")

    async def shutdown(self, within_s: float = 5.0) -> None:
        """Have the application stop, and return after ``within_s`` seconds at the latest."""
        if self._running is None or self._running.done():
            return
        try:
            await asyncio.wait_for(self._ask("lifespan.shutdown"), within_s)
        except TimeoutError:
            logger.warning("The application did not stop within %.1f s", within_s)
        self._running.cancel()
        await asyncio.wait({self._running}, timeout=0.1)

    async def _run(self, scope: dict[str, Any]) -> None:
        await self._application(scope, self._to_application.get, self._answers.put)

    async def _ask(self, question: str) -> dict[str, Any] | None:
        """The application's answer; None if it ended without one."""
        if self._running is None:
            raise RuntimeError("the application was not started")
        await self._to_application.put({"type": question})
        answering = asyncio.create_task(self._answers.get())
        try:
            await asyncio.wait({answering, self._running}, return_when=asyncio.FIRST_COMPLETED)
            return answering.result() if answering.done() else None
        finally:
            answering.cancel()

    def _not_supported(self) -> ConfigError:
        error = None
        if self._running is not None and not self._running.cancelled():
            error = self._running.exception()
        how = f" ({type(error).__name__})" if error is not None else ""
        refusal = ConfigError(
            f"The application {self.name} does not take the lifespan protocol{how}.",
            remedy='Give it "lifespan": lifespan of channels_ws.routing: see docs/install.md.',
        )
        refusal.__cause__ = error
        return refusal
