"""The publisher's process: concurrent senders that all call one function, ``publish(room, text)``
(``python -m benchmarks.publisher``). Only what is behind that function differs between rows."""

from __future__ import annotations

import asyncio
import gc
import os
import time
from pathlib import Path
from typing import Any

from benchmarks.backends import Backend, backend_of_environment
from benchmarks.calls import answer_calls
from benchmarks.client import PROGRESS_VARIABLE
from benchmarks.load import Load
from benchmarks.payload import greeting_text
from benchmarks.progress import Progress


class Publisher:
    """What the main process may call."""

    def __init__(self, backend: Backend, progress: Progress) -> None:
        self._backend = backend
        self._progress = progress
        self._load: Load | None = None

    async def open(self, rooms: list[str]) -> dict[str, Any]:
        """Get ready to publish to these rooms."""
        await self._backend.open(rooms)
        return {}

    async def greet(self, rooms: list[str]) -> dict[str, Any]:
        """Publish a greeting to each room."""
        for room in rooms:
            await self._backend.publish(room, greeting_text())
        return {}

    async def start(
        self,
        *,
        phase: int,
        rooms: list[str],
        sockets_per_room: int,
        senders: int,
        window: int | None = None,
        per_second: float | None = None,
    ) -> dict[str, Any]:
        """Start a load, saturating (``window``) or paced (``per_second``)."""
        gc.collect()
        gc.freeze()
        load = self._load = Load(
            self._backend.publish,
            rooms,
            phase=phase,
            senders=senders,
            sockets_per_room=sockets_per_room,
            progress=self._progress,
        )
        if per_second is None:
            load.saturate(window or senders)
        else:
            load.pace(per_second)
        return {}

    async def cpu(self) -> dict[str, Any]:
        """The seconds of CPU until now."""
        return {"cpu_s": time.process_time()}

    async def stop(self) -> dict[str, Any]:
        """Stop the load; say what was published."""
        load, self._load = self._load, None
        if load is None:
            raise RuntimeError("no load was started")
        await load.stop()
        return {"published": load.published, "stalled": load.stalled, "late": load.late}

    async def close(self) -> dict[str, Any]:
        """Close the connections."""
        await self._backend.close()
        return {}


async def main() -> None:
    """Until the main process goes."""
    progress = Progress(Path(os.environ[PROGRESS_VARIABLE]))
    publisher = Publisher(backend_of_environment(os.environ), progress)
    names = ("open", "greet", "start", "cpu", "stop", "close")
    await answer_calls({name: getattr(publisher, name) for name in names})


if __name__ == "__main__":
    asyncio.run(main())
