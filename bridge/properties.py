"""AMQP properties, for dead letters: as far as JSON and PostgreSQL can say them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

_NAMES = (
    *("content_type", "content_encoding", "delivery_mode", "priority", "correlation_id"),
    *("reply_to", "expiration", "message_id", "timestamp", "type", "user_id", "app_id"),
    *("cluster_id", "headers"),
)
_STREAMS_OWN = "x-stream-offset"
_DEEPEST = 50


def described_properties(properties: Any, *, exchange: str, routing_key: str) -> dict[str, Any]:
    """The properties that a publisher set, and where it published to."""
    found: dict[str, Any] = {"exchange": said(exchange), "routing_key": said(routing_key)}
    for name in _NAMES:
        value = getattr(properties, name, None)
        if name == "headers" and isinstance(value, Mapping):
            value = {key: one for key, one in value.items() if key != _STREAMS_OWN} or None
        if value is not None:
            found[name] = said(value)
    return found


def said(value: Any, depth: int = 0) -> Any:
    """A value for a column of the type jsonb, which takes no NUL and no half of a surrogate. Lists
    in lists and so on are followed for 50 levels."""
    if depth > _DEEPEST:
        return "(nested too deeply)"
    if value is None or isinstance(value, (bool, int)) or _is_finite(value):
        return value
    if isinstance(value, bytes):
        return storable(value.decode("utf-8", "backslashreplace"))
    if isinstance(value, Mapping):
        return {str(said(key)): said(one, depth + 1) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [said(one, depth + 1) for one in value]
    return storable(str(value))


def _is_finite(value: Any) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def storable(text: str) -> str:
    """A text that PostgreSQL takes: what is not UTF-8, and NUL, become escapes."""
    plain = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return plain.replace("\0", "\\x00")
