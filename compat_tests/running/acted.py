"""What became of a case on the stage."""

from __future__ import annotations

from dataclasses import dataclass, field

from compat_tests.cases.case import Case
from compat_tests.running.seats import Seat


@dataclass
class Acted:
    """What became of a case: its clients in the order of their joining, what was published to each
    room, and by which publisher where there were several."""

    case: Case
    seats: list[Seat] = field(default_factory=list)
    published: dict[str, int] = field(default_factory=dict)
    publishers: dict[bytes, int] = field(default_factory=dict)
    probes: dict[str, int] = field(default_factory=dict)
    problem: str = ""
