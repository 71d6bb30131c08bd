"""The client's process: picows sockets and nothing else (``python -m benchmarks.client``)."""

from __future__ import annotations

import asyncio
import gc
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.audience import Audience
from benchmarks.calls import answer_calls
from benchmarks.figures import percentile
from benchmarks.progress import Progress

PROGRESS_VARIABLE = "BENCH_PROGRESS"


class Client:
    """What the main process may call."""

    def __init__(self, audience: Audience) -> None:
        self._audience = audience

    async def connect(self, url: str, rooms: list[str], at_once: int) -> dict[str, Any]:
        """Connect a socket for each entry of ``rooms``."""
        took = await self._audience.connect(url, rooms, at_once)
        return {"seconds": took}

    async def greeted(self) -> dict[str, Any]:
        """How many sockets have got a greeting, of how many."""
        return {"greeted": self._audience.greeted(), "sockets": len(self._audience.sockets)}

    async def begin(self, phase: int, sample: int, latencies: bool) -> dict[str, Any]:
        """Begin a phase."""
        self._audience.begin(phase=phase, sample=sample, latencies=latencies)
        return {}

    async def snapshot(self) -> dict[str, Any]:
        """Frames until now, at which time, and the seconds of CPU that they took."""
        return {
            "frames": self._audience.frames,
            "at": time.monotonic(),
            "cpu_s": time.process_time(),
            "closed": self._audience.closed,
        }

    async def account(self, published: dict[str, dict[str, int]]) -> dict[str, Any]:
        """What is amiss, and the percentiles of the latencies in milliseconds."""
        by_sender = {
            room: {int(sender): count for sender, count in counts.items()}
            for room, counts in published.items()
        }
        latencies = sorted(self._audience.latencies_ns or ())
        return {
            "account": asdict(self._audience.account(by_sender)),
            "p50_ms": _milliseconds(percentile(latencies, 0.50)),
            "p99_ms": _milliseconds(percentile(latencies, 0.99)),
        }

    async def disconnect(self) -> dict[str, Any]:
        """End all sockets."""
        await self._audience.disconnect()
        return {}


def _milliseconds(nanoseconds: float | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / 1e6


async def main() -> None:
    """Until the main process goes. Without a garbage collector: little is left to it, and each of
    its looks at thousands of sockets would be time that the client does not have."""
    gc.disable()
    audience = Audience(Progress(Path(os.environ[PROGRESS_VARIABLE])))
    client = Client(audience)
    telling = asyncio.create_task(audience.tell_progress(), name="progress")
    names = ("connect", "greeted", "begin", "snapshot", "account", "disconnect")
    try:
        await answer_calls({name: getattr(client, name) for name in names})
    finally:
        telling.cancel()


def _new_loop() -> asyncio.AbstractEventLoop:
    """uvloop where it is installed: it takes a tenth less for a frame. Servers do without."""
    try:
        import uvloop  # noqa: PLC0415
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        runner.run(main())
