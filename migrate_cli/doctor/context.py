"""What the checks look at: a project and its description, as far as they can be had."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wsmigrate.config import Config
from wsmigrate.doctor.capacity import Expected
from wsmigrate.errors import UnavailableError


@dataclass(frozen=True)
class Context:
    """``document`` holds the tables of ``wsmigrate.toml``. ``url`` is where browsers come in. What
    could not be loaded is told by ``project`` when it is asked for."""

    expected: Expected = field(default_factory=Expected)
    document: Mapping[str, Any] = field(default_factory=dict)
    uwsgi_ini: Path | None = None
    url: str = ""
    loaded: Config | None = None
    not_loaded: str = "The project was not looked at."

    @property
    def project(self) -> Config:
        """The project's configuration. Raises UnavailableError: why there is none."""
        if self.loaded is None:
            raise UnavailableError(self.not_loaded)
        return self.loaded

    def table(self, name: str) -> Mapping[str, Any]:
        """A table of the description; empty where it is not there."""
        found = self.document.get(name, {})
        return found if isinstance(found, Mapping) else {}


Check = Callable[[Context], Any]
"""Yields findings; may raise WsmigrateError where it cannot look."""
