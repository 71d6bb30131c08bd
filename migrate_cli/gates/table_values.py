"""The values of a table in ``wsmigrate.toml``, each checked as it is read."""

from __future__ import annotations

import math
import shlex
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wsmigrate.errors import ConfigError


class Values:
    """Reads keys that may be left out. Everything raises ConfigError, which names the key and never
    shows the value: it may be a secret."""

    def __init__(self, name: str, table: Any, known: Collection[str]) -> None:
        self._name = name
        if not isinstance(table, Mapping):
            raise ConfigError(f"[{name}] in wsmigrate.toml has to be a table.")
        unknown = sorted(set(table) - set(known))
        if unknown:
            raise ConfigError(
                f"[{name}] in wsmigrate.toml has keys that are not known: {', '.join(unknown)}.",
                remedy=f"Known are {', '.join(sorted(known))}.",
            )
        self._table = table

    def text(self, key: str, default: str = "") -> str:
        value = self._table.get(key, default)
        if not isinstance(value, str):
            raise self._wrong(key, "a text")
        return value.strip()

    def needed(self, key: str) -> str:
        value = self.text(key)
        if not value:
            raise self._wrong(key, "a text that is not empty")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            raise self._wrong(key, 'a list of texts, as ["one", "two"]')
        return tuple(value)

    def command(self, key: str) -> tuple[str, ...]:
        """A command line, in one text or as a list of words. There is no shell."""
        value = self._table.get(key)
        try:
            words = shlex.split(value) if isinstance(value, str) else value
        except ValueError:
            words = None
        good = isinstance(words, list) and all(isinstance(one, str) and one for one in words)
        if not words or not good:
            raise self._wrong(key, 'a command, as ["curl", "-fsS", "http://127.0.0.1/health"]')
        return tuple(words)

    def number(
        self, key: str, default: float | None, *, least: float = 0.0, most: float = math.inf
    ) -> float:
        """Above 0, unless another least is given."""
        value = self._table.get(key, default)
        above = value is not None and (least or value > 0 if _is_number(value) else False)
        if not _is_number(value) or not above or not least <= value <= most:
            bounds = f"from {least:g}" if least else "above 0"
            bounds += f" to {most:g}" if most < math.inf else ""
            raise self._wrong(key, f"a number {bounds}")
        return float(value)

    def limit(self, key: str) -> float | None:
        """Any number, or None where it is left out."""
        value = self._table.get(key)
        if value is not None and not _is_number(value):
            raise self._wrong(key, "a number")
        return None if value is None else float(value)

    def flag(self, key: str, default: bool) -> bool:
        value = self._table.get(key, default)
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false")
        return value

    def path(self, key: str) -> Path | None:
        value = self.text(key)
        return Path(value) if value else None

    def url(self, key: str, schemes: tuple[str, ...]) -> str:
        value = self.text(key)
        if not value:
            return ""
        try:
            parts = urlsplit(value)
            good = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
        except ValueError:
            good = False
        if not good:
            raise self._wrong(key, f"a URL as {schemes[0]}://host:port")
        return value.rstrip("/")

    def table(self, key: str) -> Any:
        return self._table.get(key, {})

    def tables(self, key: str) -> list[Mapping[str, Any]]:
        value = self._table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
            raise self._wrong(key, f"a list of tables: [[{self._name}.{key}]]")
        return value

    def _wrong(self, key: str, expected: str) -> ConfigError:
        return ConfigError(f"{self._name}.{key} in wsmigrate.toml has to be {expected}.")


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)
