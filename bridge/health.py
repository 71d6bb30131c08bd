"""How a bridge is, and whether that is good enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ALIVE_WITHIN_S = 30.0
"""A bridge whose leases were not looked after for so long is stuck: a database that does not answer
is given up earlier than that."""


@dataclass(frozen=True)
class BridgeHealth:
    """What a bridge knows of itself.

    ``held`` are the inboxes whose leases it holds; ``connecting`` those of them of which the broker
    delivers nothing at present; ``layer_away`` those whose batch the layer does not take. Of
    ``share`` inboxes in all, among ``bridges``.
    """

    is_ending: bool
    has_lease: bool
    reaches_broker: bool
    held: tuple[str, ...]
    connecting: tuple[str, ...]
    layer_away: tuple[str, ...]
    share: int
    bridges: int
    beat_age_s: float

    @property
    def is_alive(self) -> bool:
        """Whether it makes any progress. A restart mends nothing else."""
        return self.beat_age_s < ALIVE_WITHIN_S

    @property
    def reasons(self) -> list[str]:
        """Why it is not ready; empty if it is. A bridge without any share stands by, and is."""
        found = {
            "ending": self.is_ending,
            "no-lease": not self.has_lease,
            "broker-away": not self.reaches_broker,
            "connecting": bool(self.connecting) or len(self.held) < self.share,
            "layer-away": bool(self.layer_away),
        }
        return [reason for reason, holds in found.items() if holds]

    def as_json(self) -> dict[str, Any]:
        """What ``/readyz`` answers."""
        return {
            "ready": not self.reasons,
            "reasons": self.reasons,
            "held": sorted(self.held),
            "share": self.share,
            "bridges": self.bridges,
        }
