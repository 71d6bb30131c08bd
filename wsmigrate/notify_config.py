"""Where ``notify()`` publishes, and how the setting that says so is checked."""

from __future__ import annotations

import enum
from typing import Any

from wsmigrate.config_values import cannot_be

FOLLOW_STATE = "state"


class NotifyBackend(str, enum.Enum):
    """Where ``notify()`` publishes."""

    RABBITMQ = "rabbitmq"
    BOTH = "both"
    CHANNELS = "channels"

    @property
    def uses_rabbitmq(self) -> bool:
        """Whether legacy sockets and inboxes get what is published."""
        return self is not NotifyBackend.CHANNELS

    @property
    def uses_layer(self) -> bool:
        """Whether it is published straight to the channel layer."""
        return self is not NotifyBackend.RABBITMQ


def notify_backend(key: str, value: Any) -> NotifyBackend | None:
    """A backend; None for the one that the state of the cutover names."""
    if value == FOLLOW_STATE:
        return None
    known = (FOLLOW_STATE, *(backend.value for backend in NotifyBackend))
    if value not in known:
        raise cannot_be(key, value, f"one of {', '.join(map(repr, known))}")
    return NotifyBackend(value)
