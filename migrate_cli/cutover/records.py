"""What the tables of a cutover hold, row by row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wsmigrate.config import NotifyBackend
from wsmigrate.gates import GateResult
from wsmigrate.site_state import SiteState


@dataclass(frozen=True)
class Stored:
    """What publishers and servers follow, and the record of the stage machine."""

    site: SiteState
    machine: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Process:
    """A process that follows the state. ``applied`` is the oldest revision that it still acts on,
    ``silent_s`` how long ago it was heard of, in seconds."""

    role: str
    host: str
    pid: int
    version: str
    applied: int
    silent_s: float
    facts: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Where it runs."""
        return f"{self.host}:{self.pid}"


@dataclass(frozen=True)
class Holder:
    """Who has the operators' lock. ``process`` names the process on ``host`` for sure."""

    holder: str
    who: str
    host: str
    process: str
    doing: str
    taken_at: datetime
    silent_s: float


@dataclass(frozen=True)
class Wish:
    """What somebody else asks of the holder: ``pause``, ``abort``, ``resume``, ``accept`` (resume
    although gates do not know) or nothing. ``why`` is the reason that was given."""

    kind: str = ""
    who: str = ""
    why: str = ""


@dataclass(frozen=True)
class Note:
    """What is written into the audit log with a change."""

    event: str
    command: str = ""
    outcome: str = ""
    why: str = ""
    gates: tuple[GateResult, ...] = ()


@dataclass(frozen=True)
class AuditEntry:
    """A line of the audit log."""

    id: int
    at: datetime
    who: str
    host: str
    fence: int
    event: str
    stage_from: str
    stage_to: str
    command: str
    outcome: str
    why: str
    gates: tuple[Mapping[str, Any], ...]
    revision: int


@dataclass(frozen=True)
class Change:
    """What a save changes; None: stays. ``barrier``: True begins one, False ends it."""

    machine: Mapping[str, Any] | None = None
    stage: str | None = None
    backend: NotifyBackend | None = None
    binds: bool | None = None
    barrier: bool | None = None
