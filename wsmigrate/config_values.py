"""How single values of ``WSMIGRATE`` are checked. Each raises ConfigError, which names the key."""

from __future__ import annotations

import enum
import re
from typing import Any

from wsmigrate.errors import ConfigError

_DOTTED_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")


def is_dotted_path(value: str) -> bool:
    """Whether it may name a function in a module."""
    return _DOTTED_PATH.fullmatch(value) is not None


def cannot_be(key: str, value: Any, expected: str) -> ConfigError:
    return ConfigError(f"WSMIGRATE[{key!r}] is {value!r}, and has to be {expected}.")


def text(key: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ConfigError(f"WSMIGRATE[{key!r}] has to be a text that is not empty.")
    return value


def choice(kind: type[enum.Enum], key: str, value: Any) -> str:
    try:
        return str(kind(value).value)
    except ValueError:
        known = ", ".join(repr(member.value) for member in kind)
        raise cannot_be(key, value, f"one of {known}") from None


def positive_int(key: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise cannot_be(key, value, "a positive whole number")
    return value


def seconds(key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 86400:
        raise cannot_be(key, value, "a number of seconds")
    return float(value)


def flag(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise cannot_be(key, value, "True or False")
    return value
