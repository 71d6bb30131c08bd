"""What cases came to."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from compat_tests.cases.case import Case
from wsmigrate.compare import Verdict
from wsmigrate.errors import ExitCode
from wsmigrate.parity.differences import Difference
from wsmigrate.parity.own_rules import OwnRule
from wsmigrate.parity.recording import SocketRecording


class CaseVerdict(str, enum.Enum):
    """What a case came to; the worst of its comparisons. IGNORED: a rule covers a difference in
    its messages; with one in the handshake or the end it is MATCHED all the same. INCONCLUSIVE:
    there was nothing to judge by. NOT_RUN: it needs what was not given."""

    MATCHED = "matched"
    IGNORED = "ignored"
    MISMATCHED = "mismatched"
    INCONCLUSIVE = "inconclusive"
    NOT_RUN = "not_run"


@dataclass(frozen=True)
class CaseOutcome:
    """A case that was run. ``compared`` and ``matched`` count messages of the new server's clients;
    ``doubts`` say why it is inconclusive. ``recordings`` are those of all clients, by label."""

    case: Case
    compared: int = 0
    matched: int = 0
    differences: tuple[Difference, ...] = ()
    doubts: tuple[str, ...] = ()
    not_run: str = ""
    seconds: float = 0.0
    recordings: Mapping[str, SocketRecording] = field(default_factory=dict, repr=False)

    @property
    def mismatched(self) -> tuple[Difference, ...]:
        """The differences that count."""
        return tuple(one for one in self.differences if one.verdict is Verdict.MISMATCHED)

    @property
    def ignored(self) -> tuple[Difference, ...]:
        """The differences that a rule covers."""
        return tuple(one for one in self.differences if one.verdict is Verdict.IGNORED)

    @property
    def verdict(self) -> CaseVerdict:
        """One word for it."""
        if self.not_run:
            return CaseVerdict.NOT_RUN
        if self.mismatched:
            return CaseVerdict.MISMATCHED
        if self.doubts:
            return CaseVerdict.INCONCLUSIVE
        of_frames = any(one.kind.of_frames for one in self.ignored)
        return CaseVerdict.IGNORED if of_frames else CaseVerdict.MATCHED


@dataclass(frozen=True)
class SuiteOutcome:
    """All cases of a run."""

    outcomes: Sequence[CaseOutcome]
    own_rules: Sequence[OwnRule] = ()
    seconds: float = 0.0
    about: Mapping[str, str] = field(default_factory=dict)

    @property
    def run(self) -> list[CaseOutcome]:
        """Those that were run."""
        return [one for one in self.outcomes if one.verdict is not CaseVerdict.NOT_RUN]

    @property
    def not_run(self) -> list[CaseOutcome]:
        """Those that were not."""
        return [one for one in self.outcomes if one.verdict is CaseVerdict.NOT_RUN]

    @property
    def compared(self) -> int:
        """Messages that were compared."""
        return sum(one.compared for one in self.outcomes)

    @property
    def matched(self) -> int:
        """Messages that were the same to the last byte."""
        return sum(one.matched for one in self.outcomes)

    @property
    def mismatched(self) -> int:
        """Differences that no rule covers; what an empty server did not send counts in full."""
        return sum(one.count for outcome in self.outcomes for one in outcome.mismatched)

    @property
    def ignored(self) -> int:
        """Differences that a rule covers."""
        return sum(one.count for outcome in self.outcomes for one in outcome.ignored)

    @property
    def inconclusive(self) -> int:
        """Cases that nothing could be judged by."""
        return sum(one.verdict is CaseVerdict.INCONCLUSIVE for one in self.outcomes)

    @property
    def exit_code(self) -> ExitCode:
        """DONE only if all that was run matched, and something was."""
        if self.mismatched:
            return ExitCode.REFUSED
        if self.inconclusive or not self.compared:
            return ExitCode.COULD_NOT_ACT
        return ExitCode.DONE
