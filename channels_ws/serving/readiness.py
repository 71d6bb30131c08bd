"""Whether a server process is ready for clients, and why not."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

from channels_ws.health import ServerHealth


class Phase(enum.Enum):
    """Where a server process stands."""

    STARTING = "starting"
    SERVING = "serving"
    DRAINING = "draining"


class Reason(enum.Enum):
    """Why a server process is not ready."""

    STARTING = "starting"
    DRAINING = "draining"
    CANARY_LATE = "canary-late"
    BROKER_DOWN = "broker-down"


@dataclass(frozen=True)
class Readiness:
    """The outcome: ready if there is no reason against it."""

    phase: Phase
    reasons: tuple[Reason, ...]
    health: ServerHealth | None

    @property
    def is_ready(self) -> bool:
        return not self.reasons

    def as_json(self) -> dict[str, Any]:
        """What the endpoint answers."""
        said = {
            "ready": self.is_ready,
            "phase": self.phase.value,
            "reasons": [reason.value for reason in self.reasons],
        }
        if self.health is None:
            return said
        age = self.health.canary_age_s
        return {
            **said,
            "canary_age_s": None if age is None else round(age, 3),
            "broker_linked": self.health.broker_linked,
        }


def readiness(phase: Phase, health: ServerHealth | None, canary_late_s: float) -> Readiness:
    """Judge. ``health`` is None until the application has started."""
    reasons: list[Reason] = []
    if phase is Phase.DRAINING:
        reasons.append(Reason.DRAINING)
    if phase is Phase.STARTING or health is None:
        reasons.append(Reason.STARTING)
    elif health.canary_age_s is None or health.canary_age_s > canary_late_s:
        reasons.append(Reason.CANARY_LATE)
    if health is not None and health.broker_linked is False:
        reasons.append(Reason.BROKER_DOWN)
    return Readiness(phase, tuple(reasons), health)
