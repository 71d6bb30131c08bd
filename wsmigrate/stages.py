"""Where a cutover stands."""

from __future__ import annotations

import enum


class Stage(enum.Enum):
    """The stages of a cutover, in the order in which they are gone through."""

    LEGACY = "legacy"
    DOOR = "door"
    SHADOW = "shadow"
    CANARY = "canary"
    DRAIN = "drain"
    DIRECT = "direct"
    RETIRED = "retired"
