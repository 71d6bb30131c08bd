"""What a bridge counts: plain numbers, for the metrics, the status and the log."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

BATCH_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
"""The upper bounds of the batch sizes that are counted together."""


class InboxState(enum.Enum):
    """Where an inbox stands, in the process that holds its lease."""

    CONNECTING = "connecting"
    RELAYING = "relaying"
    LAYER_AWAY = "layer-away"


@dataclass
class InboxFigures:
    """One inbox, since the process was started. ``read`` = ``relayed`` + ``dead`` + ``skipped`` +
    what is in hand, except for what was in hand when a session broke: that is read again, and
    counted in ``redelivered``."""

    read: int = 0
    relayed: int = 0
    redelivered: int = 0
    already_relayed: int = 0
    """Skipped: the cursor says that the layer has them."""
    marked: int = 0
    """Skipped: the reverse relay has published them, so the layer had them before."""
    dead: Counter[str] = field(default_factory=Counter)
    missed: int = 0
    """At most so many messages were dropped by the inbox's retention before they were relayed."""
    gaps: int = 0
    sessions: int = 0
    layer_failures: int = 0
    batches: Counter[int] = field(default_factory=Counter)
    batched: int = 0
    state: InboxState = InboxState.CONNECTING
    held: bool = False
    in_hand: int = 0
    bytes_in_hand: int = 0
    cursor: int | None = None
    """The position of the last message that the layer has, as far as the process knows."""
    tail: int | None = None
    """A position near the end of the inbox, when it was last looked at: only while it is far."""
    oldest_at: float | None = None
    """When the oldest message in hand was published, or came if its publisher does not say: in
    seconds since the epoch."""

    def count_batch(self, size: int) -> None:
        """Note that so many messages went into the layer in one transaction."""
        self.batched += size
        self.batches[next((bound for bound in BATCH_SIZES if size <= bound), 0)] += 1

    @property
    def lag_messages(self) -> int:
        """How many messages of the inbox the layer does not have, as far as they were read or
        looked at: exact for a short queue, about for a long one."""
        waiting = 0 if self.tail is None or self.cursor is None else self.tail - self.cursor
        return max(self.in_hand, waiting)

    @property
    def is_layer_away(self) -> bool:
        """Whether the layer does not take the batch in hand."""
        return self.state is InboxState.LAYER_AWAY

    @property
    def skipped(self) -> int:
        return self.already_relayed + self.marked

    def lag_s(self, now: float) -> float:
        """The age of the oldest message in hand, in seconds; 0 where there is none."""
        return 0.0 if self.oldest_at is None else max(0.0, now - self.oldest_at)

    def said(self, now: float) -> Mapping[str, Any]:
        """For the status."""
        return {
            "state": self.state.value,
            "read": self.read,
            "relayed": self.relayed,
            "redelivered": self.redelivered,
            "already_relayed": self.already_relayed,
            "marked": self.marked,
            "dead_lettered": sum(self.dead.values()),
            "missed": self.missed,
            "lag_messages": self.lag_messages,
            "lag_s": round(self.lag_s(now), 3),
        }


class Figures:
    """All inboxes of a bridge."""

    def __init__(self) -> None:
        self.inboxes: dict[str, InboxFigures] = {}

    def of(self, inbox: str) -> InboxFigures:
        """The figures of an inbox; they stay when its lease goes to another bridge."""
        return self.inboxes.setdefault(inbox, InboxFigures())

    def total(self, name: str) -> int:
        """The sum of a figure over all inboxes."""
        return sum(getattr(one, name) for one in self.inboxes.values())

    @property
    def dead(self) -> int:
        """What went to the dead letters, whatever the reason."""
        return sum(sum(one.dead.values()) for one in self.inboxes.values())

    @property
    def held(self) -> list[str]:
        """The inboxes whose leases the process holds."""
        return sorted(inbox for inbox, one in self.inboxes.items() if one.held)
