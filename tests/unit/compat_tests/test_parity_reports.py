"""Reports of outcomes, whatever stands in payloads and names."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from compat_tests.cases.case import Case
from compat_tests.reports import as_json, junit, page, terminal
from compat_tests.running.outcomes import CaseOutcome, CaseVerdict, SuiteOutcome
from wsmigrate.errors import ExitCode
from wsmigrate.parity.comparison import BLANK
from wsmigrate.parity.differences import Difference, Kind
from wsmigrate.parity.messages import DataMessage
from wsmigrate.parity.own_rules import rules_of_document

CASE = Case("case", "a <title> & more", (), (), group="group")
WORST = "</script><b>\0\x01\u2028\ud7ff".encode() + b"\xff"
PAYLOAD = Difference(
    Kind.PAYLOAD, "a <room>", "channels-1/x", DataMessage(WORST, 1), DataMessage(b"ab", 1), 0, 0
)
EMPTY = Difference(Kind.EMPTY, "room", "channels-1/x", DataMessage(b"a", 1), None, 0, count=7)
IGNORED = Difference(Kind.MISSING, "room", "c", DataMessage(b"a", 1)).ignored("rule", "because")


def outcome(*differences: Difference, compared: int = 3, **more: object) -> SuiteOutcome:
    one = CaseOutcome(CASE, compared, compared, differences, **more)  # type: ignore[arg-type]
    return SuiteOutcome([one])


@pytest.mark.parametrize(
    ("given", "verdict", "code"),
    [
        (outcome(), CaseVerdict.MATCHED, ExitCode.DONE),
        (outcome(IGNORED), CaseVerdict.IGNORED, ExitCode.DONE),
        (outcome(PAYLOAD, IGNORED), CaseVerdict.MISMATCHED, ExitCode.REFUSED),
        (outcome(EMPTY, compared=0), CaseVerdict.MISMATCHED, ExitCode.REFUSED),
        (outcome(doubts=("why",)), CaseVerdict.INCONCLUSIVE, ExitCode.COULD_NOT_ACT),
        (outcome(compared=0), CaseVerdict.MATCHED, ExitCode.COULD_NOT_ACT),
        (outcome(compared=0, not_run="needs x"), CaseVerdict.NOT_RUN, ExitCode.COULD_NOT_ACT),
        (SuiteOutcome([]), None, ExitCode.COULD_NOT_ACT),
    ],
)
def test_verdicts_and_exit_codes(given, verdict, code):
    assert [one.verdict for one in given.outcomes] == ([] if verdict is None else [verdict])
    assert given.exit_code is code


def test_json_has_the_keys_that_gates_read_and_counts_what_is_empty_in_full():
    report = json.loads(as_json.to_text(outcome(PAYLOAD, EMPTY, IGNORED)))
    assert list(report) == [
        "cases",
        "frames_compared",
        "matched",
        "ignored",
        "mismatched",
        "inconclusive",
        "differences",
    ]
    assert (report["mismatched"], report["ignored"]) == (8, 1)
    assert [one["verdict"] for one in report["differences"]] == [
        "mismatched",
        "mismatched",
        "ignored",
    ]
    assert report["differences"][2]["rule"] == "rule"


def test_junit_is_xml_whatever_is_in_it():
    root = ET.fromstring(junit.to_text(outcome(PAYLOAD, EMPTY)))  # noqa: S314 - our own
    (failure,) = root.iter("failure")
    assert "payload in room" in (failure.text or "")
    skipped = ET.fromstring(junit.to_text(outcome(not_run="needs\0")))  # noqa: S314
    assert [one.tag for one in skipped.iter("skipped")] == ["skipped"]


def test_the_page_escapes_what_it_shows():
    text = page.to_text(outcome(PAYLOAD), {"a <caption>": b"png"})
    assert "<b>\0" not in text
    assert "&lt;/script&gt;" in text
    assert "a &lt;caption&gt;" in text


def test_the_terminal_shows_both_sides_and_the_verdict():
    given = outcome(PAYLOAD, IGNORED)
    lines = [*terminal.details_of(given.outcomes[0]), *terminal.conclusion(given)]
    text = "\n".join(lines)
    assert "[3c] 2f 73" in text  # the first byte that differs, in brackets
    assert "[61] 62" in text
    assert "rule: because" in text
    assert lines[-1] == "MISMATCHED: payload"


HOSTILE = [
    "a\0b",
    "<img src=x onerror=alert(1)>",
    "\x1b[31mred",
    "]]>",
    "\ufffe",
    "\u202e",
    "é" * 300,
]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_of_a_room_breaks_a_report(name):
    """The cases of a replay are called like their rooms."""
    case = Case(name, f"room {name!r}", (), (), group=name)
    difference = replace(PAYLOAD, room=name, case=name, client=name)
    some = SuiteOutcome([CaseOutcome(case, 3, 2, (difference,))])
    root = ET.fromstring(junit.to_text(some))  # noqa: S314 - our own
    assert len(list(root.iter("testcase"))) == 1
    assert "<img" not in page.to_text(some)
    assert json.loads(as_json.to_text(some))["differences"][0]["room"] == name
    shown = "\n".join([terminal.line_of(some.outcomes[0]), *terminal.details_of(some.outcomes[0])])
    assert "\x1b" not in shown
    assert "\0" not in shown


def test_junit_has_what_strict_readers_allow_and_nothing_else():
    """Of the schema that Jenkins uses: attributes and elements, and their order."""
    root = ET.fromstring(junit.to_text(outcome(PAYLOAD)))  # noqa: S314 - our own
    counts = {"name", "time", "tests", "failures", "errors"}
    assert set(root.attrib) <= {*counts, "disabled"}
    (suite,) = root
    assert set(suite.attrib) <= {*counts, "skipped", "timestamp", "hostname", "id", "package"}
    for case in suite:
        assert set(case.attrib) <= {"name", "classname", "time", "assertions", "status"}
        assert {one.tag for one in case} <= {"skipped", "error", "failure"}


def test_rules_of_ones_own_are_shown_with_how_much_they_ignored():
    rules = rules_of_document(
        {
            "rule": [
                {"name": "at", "reason": "a time", "regex": "x"},
                {"name": "idle", "reason": "never there", "regex": "y"},
            ]
        }
    )
    volatile = IGNORED.ignored("at, other", "a time; z")
    some = replace(outcome(volatile, volatile), own_rules=rules)
    told = "\n".join(terminal.conclusion(some))
    assert "at: a time (2 differences)" in told
    assert "idle: never there (fitted nothing that differed)" in told
    assert "fitted nothing that differed" in page.to_text(some)


def test_a_rule_that_blots_out_whole_messages_is_said():
    blank = replace(IGNORED, detail=BLANK, rule="all", kind=Kind.PAYLOAD)
    told = "\n".join(terminal.conclusion(outcome(blank)))
    assert "all: leaves nothing of 1 message to compare" in told
    assert "leaves nothing of 1 message" in page.to_text(outcome(blank))
    assert outcome(blank, compared=0).exit_code is ExitCode.COULD_NOT_ACT
