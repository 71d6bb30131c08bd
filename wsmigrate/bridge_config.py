"""The settings of the bridge, and how they are checked."""

from __future__ import annotations

import re
from typing import Any

from wsmigrate.config_values import cannot_be, positive_int
from wsmigrate.errors import ConfigError

DEFAULT_LEASE_S = 8.0
_BETWEEN_URLS = re.compile(r"[\s,]+(?=amqps?://)")
MAX_PREFETCH = 65535
"""AMQP counts a prefetch in a short (0-9-1, basic.qos)."""


def lease_seconds(key: str, value: Any) -> float:
    """Long enough to be renewed several times before it ends."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 2 <= value <= 300:
        raise cannot_be(key, value, "a number of seconds from 2 to 300")
    return float(value)


def prefetch(key: str, value: Any) -> int:
    """A prefetch of AMQP. 0 would stand for no limit."""
    if positive_int(key, value) > MAX_PREFETCH:
        raise cannot_be(key, value, f"at most {MAX_PREFETCH}")
    return int(value)


def milliseconds(key: str, value: Any) -> float:
    """A short time, in seconds."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1000:
        raise cannot_be(key, value, "a number of milliseconds from 0 to 1000")
    return float(value) / 1000


def amqp_urls(key: str, value: Any) -> list[str]:
    """One URL or several, of which any will do: a list, or a text with commas between them."""
    if isinstance(value, str):
        value = _BETWEEN_URLS.split(value.strip())
    if not isinstance(value, (list, tuple)) or not value:
        raise cannot_be(key, type(value).__name__, "an AMQP URL or a list of them")
    if not all(isinstance(url, str) and url for url in value):
        raise ConfigError(f"WSMIGRATE[{key!r}] has to be a text that is not empty.")
    return list(value)
