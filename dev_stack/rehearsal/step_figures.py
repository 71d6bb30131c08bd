"""The figures of one step of a rehearsal. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from dev_stack.rehearsal.accounting import FIGURES, Ledger
from dev_stack.rehearsal.records import CHANNELS, LEGACY, SERVERS, STRAIGHT
from dev_stack.rehearsal.run import StepTaken

WRONG: Final = ("lost", "duplicated", "out_of_order", "mismatched")
"""What must not be."""


@dataclass(frozen=True)
class Gaps:
    """The gaps of some step, or of all. ``most`` is how many one client had in one step, ``frames``
    how many frames fell into them; times are in seconds. ``open``: clients that did not return."""

    count: int
    most: int
    longest_s: float
    frames: int
    open: int

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        longest = None if math.isinf(self.longest_s) else round(self.longest_s, 3)
        return {
            "count": self.count,
            "most_per_client": self.most,
            "longest_s": longest,
            "frames": self.frames,
            "not_returned": self.open,
        }


@dataclass(frozen=True)
class Probe:
    """A message that was published PROBE_AFTER_S after a rollback, in each room: how many clients
    it was due, and how many have it."""

    due: int
    reached: int


@dataclass(frozen=True)
class StepFigures:
    """A step and what came of it."""

    taken: StepTaken
    ledger: Ledger
    gaps: Gaps
    probe: Probe | None
    faults: tuple[str, ...]

    @property
    def sockets(self) -> dict[str, int]:
        """Where the clients were at its end; who is straight at the old server is there."""
        found = self.taken.servers
        return {
            LEGACY: found.get(LEGACY, 0) + found.get(STRAIGHT, 0),
            CHANNELS: found.get(CHANNELS, 0),
            "away": found.get("away", 0),
        }

    def as_json(self, began: float) -> dict[str, Any]:
        """For ``--json``. ``at_s`` is in seconds since the load began."""
        step = self.taken.step
        return {
            "step": step.name,
            "stage": step.rung.stage.value,
            "direction": "back" if step.back else "forward",
            "percent": step.rung.percent,
            "notify_backend": step.rung.backend.value,
            "at_s": round(self.taken.began - began, 2),
            "seconds": round(self.taken.done - self.taken.began, 2),
            "clients": self.sockets,
            **{name: self.ledger.counts[name] for name in FIGURES},
            "latency_ms": latency_ms(self.ledger),
            "gaps": self.gaps.as_json(),
            **(
                {"probe": {"due": self.probe.due, "reached": self.probe.reached}}
                if self.probe
                else {}
            ),
            **({"faults": list(self.faults)} if self.faults else {}),
            "commands": [call.as_json() for call in self.taken.calls],
        }


def latency_ms(ledger: Ledger) -> dict[str, dict[str, float | None]]:
    """The percentiles of each server, in milliseconds; None where nothing came from it."""
    found = {}
    for server in SERVERS:
        times = sorted(ledger.latencies[server])
        found[server] = {"p50": _percentile_ms(times, 50), "p99": _percentile_ms(times, 99)}
    return found


def _percentile_ms(sorted_s: Sequence[float], percent: int) -> float | None:
    if not sorted_s:
        return None
    rank = max(1, math.ceil(len(sorted_s) * percent / 100))
    return round(sorted_s[rank - 1] * 1000, 2)
