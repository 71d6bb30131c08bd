"""Values of a TOML file of ours, each checked as it is read, by its full name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomllib

from wsmigrate.errors import ConfigError


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """The tables of a file. Raises ConfigError, which says ``what`` the file was to be."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"The {what} {path} cannot be read ({error.strerror}).") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"The {what} {path} is no TOML: {error}.") from error


class Table:
    """A table of a file. Every method raises ConfigError, which names the file and the key."""

    def __init__(self, values: Any, place: str, known: frozenset[str]) -> None:
        if not isinstance(values, Mapping):
            raise ConfigError(f"{place} has to be a table.")
        unknown = sorted(set(values) - known)
        if unknown:
            raise ConfigError(
                f"{place} has {', '.join(map(repr, unknown))}, which means nothing there.",
                remedy=f"Known are {', '.join(sorted(known))}.",
            )
        self._values = values
        self._place = place

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def raw(self, key: str, default: Any) -> Any:
        """A value as it is."""
        return self._values.get(key, default)

    def count(self, key: str, default: int, least: int, most: int) -> int:
        """A whole number."""
        value = self._values.get(key, default)
        if type(value) is not int or not least <= value <= most:
            raise self.wrong(key, f"a whole number from {least:,} to {most:,}")
        return value

    def number(self, key: str, default: float, least: float, most: float) -> float:
        """A number."""
        value = self._values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.wrong(key, "a number")
        if not least <= value <= most:
            raise self.wrong(key, f"from {least:g} to {most:g}")
        return float(value)

    def text(self, key: str, default: str) -> str:
        """A text that is not empty."""
        value = self._values.get(key, default)
        if not isinstance(value, str) or not value:
            raise self.wrong(key, "a text that is not empty")
        return value

    def choice(self, key: str, default: str, among: tuple[str, ...]) -> str:
        """One of some words."""
        value = self._values.get(key, default)
        if value not in among:
            raise self.wrong(key, f"one of {', '.join(among)}")
        return str(value)

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self._values.get(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def wrong(self, key: str, expected: str) -> ConfigError:
        """The error for a value that cannot be."""
        return ConfigError(f"{self._place}: {key} has to be {expected}.")
