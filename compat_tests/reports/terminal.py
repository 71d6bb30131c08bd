"""The report for a person at a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from compat_tests.reports.rules_used import blank_messages, blank_text, own_rules_used, used_text
from compat_tests.running.outcomes import CaseOutcome, CaseVerdict, SuiteOutcome
from wsmigrate.errors import ExitCode
from wsmigrate.parity.show import lines_of_difference

_SIGNS = {
    CaseVerdict.MATCHED: "ok",
    CaseVerdict.IGNORED: "ok",
    CaseVerdict.MISMATCHED: "DIFFERS",
    CaseVerdict.INCONCLUSIVE: "no data",
    CaseVerdict.NOT_RUN: "not run",
}
_SHOWN = 5


def line_of(outcome: CaseOutcome) -> str:
    """One line a case."""
    figures = f"{outcome.matched}/{outcome.compared}" if outcome.compared else ""
    said = "; ".join(outcome.doubts) or outcome.not_run
    if outcome.verdict is CaseVerdict.MISMATCHED:
        kinds = Counter(one.kind.value for one in outcome.mismatched)
        said = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    elif outcome.verdict is CaseVerdict.IGNORED:
        rules = sorted({one.rule for one in outcome.ignored if one.kind.of_frames})
        said = f"with {', '.join(rules)}"
    line = f"{_SIGNS[outcome.verdict]:<8} {outcome.case.name:<30} {figures:>11}  {said}"
    return _plain(line.rstrip())


def details_of(outcome: CaseOutcome) -> Iterator[str]:
    """What differs in a case, the first of it in full."""
    if outcome.verdict is not CaseVerdict.MISMATCHED:
        return
    case = outcome.case
    yield _plain(f"{case.name}: {case.title}")
    for side, expected in (("old server", case.legacy), ("new server", case.channels)):
        if expected:
            yield f"  expected of the {side}: {expected}"
    for difference in outcome.mismatched[:_SHOWN]:
        for line in lines_of_difference(difference):
            yield f"  {_plain(line)}"
    left = len(outcome.mismatched) - _SHOWN
    if left > 0:
        yield f"  and {left} more"


def conclusion(outcome: SuiteOutcome) -> Iterator[str]:
    """Rules that were used, what was not run, figures and verdict."""
    rules = Counter(one.rule for case in outcome.outcomes for one in case.ignored)
    reasons = {one.rule: one.reason for case in outcome.outcomes for one in case.ignored}
    if rules:
        yield "Ignored differences, by rule:"
        for rule, count in sorted(rules.items()):
            yield f"  {count:>6}  {rule}: {reasons[rule]}"
    if outcome.own_rules:
        yield "Rules of your own in force:"
        for own, count in own_rules_used(outcome):
            yield f"  {own.name}: {own.reason} ({used_text(count)})"
    for name, count in blank_messages(outcome).items():
        yield f"{name}: {blank_text(count)}"
    if outcome.not_run:
        not_run = _counted(len(outcome.not_run), "case was", "cases were")
        yield f"{not_run} not run: each says above what it needs."
    yield (
        f"{_counted(len(outcome.run), 'case', 'cases')} in {outcome.seconds:.1f} s: "
        f"{_counted(outcome.compared, 'frame', 'frames')} compared, {outcome.matched} matched, "
        f"{_counted(outcome.ignored, 'difference', 'differences')} ignored, "
        f"{outcome.mismatched} mismatched; "
        f"{_counted(outcome.inconclusive, 'case', 'cases')} inconclusive"
    )
    yield _verdict(outcome)


def _plain(text: str) -> str:
    """Without characters that a terminal obeys: names of rooms are others' words."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _verdict(outcome: SuiteOutcome) -> str:
    if outcome.exit_code is ExitCode.REFUSED:
        kinds = Counter(one.kind.value for case in outcome.outcomes for one in case.mismatched)
        return "MISMATCHED: " + ", ".join(kind for kind, _ in kinds.most_common())
    if outcome.exit_code is ExitCode.DONE:
        return "MATCHED: both servers send the same frames"
    if not outcome.compared:
        return "NO DATA: not one frame was compared, so nothing is proved"
    return "INCONCLUSIVE: some cases had no data to judge by"
