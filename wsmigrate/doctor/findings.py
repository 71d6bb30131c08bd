"""What a check finds, and what all of it comes to."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from wsmigrate.errors import ExitCode


class Level(enum.Enum):
    """How bad it is."""

    GOOD = "good"
    ADVICE = "advice"
    """It works; it could be better."""
    SKIPPED = "skipped"
    """Not looked at, because nobody said what to look at."""
    UNKNOWN = "unknown"
    """It could not be looked at."""
    MEND = "mend"
    """Has to be mended before a cutover."""


@dataclass(frozen=True)
class Finding:
    """``check`` is what was looked at, ``what`` a sentence of what is so, ``remedy`` what to do.
    Never a secret."""

    check: str
    level: Level
    what: str
    remedy: str = ""

    def as_record(self) -> dict[str, str]:
        """For JSON."""
        return {
            "check": self.check,
            "level": self.level.value,
            "what": self.what,
            "remedy": self.remedy,
        }


def exit_code_of(findings: Iterable[Finding]) -> ExitCode:
    """REFUSED if something has to be mended, else COULD_NOT_ACT if something could not be looked
    at, or nothing was; else DONE."""
    levels = {finding.level for finding in findings}
    if Level.MEND in levels:
        return ExitCode.REFUSED
    if Level.UNKNOWN in levels or not levels - {Level.SKIPPED}:
        return ExitCode.COULD_NOT_ACT
    return ExitCode.DONE
