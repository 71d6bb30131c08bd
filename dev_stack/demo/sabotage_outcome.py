"""What a sabotage did, and what the figures should say of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from dev_stack.demo.figures import Figures, Totals
from dev_stack.demo.plan import Sabotage
from wsmigrate.rooms import group_of_room

_DID: Final = {
    Sabotage.DROP: "dropped",
    Sabotage.DUPLICATE: "sent twice",
    Sabotage.REORDER: "sent after the message that followed",
    Sabotage.ALTER: "altered",
}
_FIGURE: Final = {
    Sabotage.DROP: "lost",
    Sabotage.DUPLICATE: "duplicated",
    Sabotage.REORDER: "out_of_order",
    Sabotage.ALTER: "mismatched",
}


@dataclass(frozen=True)
class SabotageOutcome:
    """How many messages were broken, how many frames of the new server's fixed clients that makes,
    and how many differences of the kind were found there.

    Exactly as many have to be found; for ``reorder`` at most as many, because among equal messages
    two exchanges may amount to one message that moved further.
    """

    kind: Sabotage
    messages: int
    frames: int
    found: int

    @property
    def as_expected(self) -> bool:
        """Whether the figures say what was done."""
        if self.kind is Sabotage.REORDER:
            return 0 < self.found <= self.frames
        return 0 < self.found == self.frames

    @property
    def sentence(self) -> str:
        """One sentence for a person."""
        at_most = "at most " if self.kind is Sabotage.REORDER else ""
        figure = _FIGURE[self.kind].replace("_", " ")
        return (
            f"On purpose, {self.messages} messages were {_DID[self.kind]} on their way to the new "
            f"server: {at_most}{self.frames} frames should be {figure} there, {self.found} are"
        )

    def as_json(self) -> dict[str, Any]:
        """The key ``sabotage`` of the figures' file."""
        return {"kind": self.kind.value, "messages": self.messages, "frames": self.frames}


def outcome_of(
    kind: Sabotage,
    broken: Mapping[str, int],
    clients: Mapping[str, int],
    figures: Figures,
) -> SabotageOutcome:
    """``broken`` messages of each group, ``clients`` of the new server in each room."""
    totals: Totals = figures.servers["channels"]
    return SabotageOutcome(
        kind,
        messages=sum(broken.values()),
        frames=sum(broken.get(group_of_room(room), 0) * count for room, count in clients.items()),
        found=int(getattr(totals, _FIGURE[kind])),
    )
