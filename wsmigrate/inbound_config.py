"""The settings of talking back, and how they are checked."""

from __future__ import annotations

import enum
from typing import Any

from wsmigrate.config_values import cannot_be, choice, is_dotted_path


class Inbound(str, enum.Enum):
    """What becomes of what clients send."""

    OFF = "off"  # thrown away, as on the legacy server
    BROADCAST = "broadcast"


def inbound(key: str, value: Any) -> Inbound:
    return Inbound(choice(Inbound, key, value))


def dotted_path(key: str, value: Any) -> str | None:
    """The dotted path of a function, or None for no function."""
    if value is None or (isinstance(value, str) and is_dotted_path(value)):
        return value
    raise cannot_be(key, value, "the dotted path of a function, or None")
