"""JUnit XML, as CI systems read it."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from compat_tests.running.outcomes import CaseOutcome, CaseVerdict, SuiteOutcome
from wsmigrate.parity.show import lines_of_difference

_SHOWN = 20
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_text(outcome: SuiteOutcome) -> str:
    """One test case for each case: mismatched is a failure, inconclusive an error, not run is
    skipped."""
    verdicts = [one.verdict for one in outcome.outcomes]
    counts = {
        "tests": len(verdicts),
        "failures": verdicts.count(CaseVerdict.MISMATCHED),
        "errors": verdicts.count(CaseVerdict.INCONCLUSIVE),
    }
    attributes = {name: str(count) for name, count in counts.items()}
    attributes |= {"name": "wsmigrate parity", "time": f"{outcome.seconds:.3f}"}
    root = ET.Element("testsuites", attributes)
    skipped = {"skipped": str(verdicts.count(CaseVerdict.NOT_RUN))}  # of suites only
    suite = ET.SubElement(root, "testsuite", {**attributes, **skipped})
    for one in outcome.outcomes:
        _add(suite, one)
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, "unicode") + "\n"


def _add(suite: ET.Element, outcome: CaseOutcome) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        {
            "classname": f"parity.{_clean(outcome.case.group)}",
            "name": _clean(outcome.case.name),
            "time": f"{outcome.seconds:.3f}",
        },
    )
    if outcome.verdict is CaseVerdict.MISMATCHED:
        kinds = sorted({one.kind.value for one in outcome.mismatched})
        message = f"{len(outcome.mismatched)} differences: {', '.join(kinds)}"
        failure = ET.SubElement(case, "failure", {"message": message, "type": kinds[0]})
        failure.text = _clean("\n".join(text_of(outcome)))
    elif outcome.verdict is CaseVerdict.INCONCLUSIVE:
        message = _clean("; ".join(outcome.doubts))
        ET.SubElement(case, "error", {"message": message, "type": "inconclusive"})
    elif outcome.verdict is CaseVerdict.NOT_RUN:
        ET.SubElement(case, "skipped", {"message": _clean(outcome.not_run)})


def text_of(outcome: CaseOutcome) -> list[str]:
    """The first differences of a case, as lines."""
    lines = [line for one in outcome.mismatched[:_SHOWN] for line in lines_of_difference(one)]
    left = len(outcome.mismatched) - _SHOWN
    return [*lines, f"and {left} more"] if left > 0 else lines


def _clean(text: str) -> str:
    """Without what XML cannot hold."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
