"""The report for programs."""

from __future__ import annotations

import base64
import json
from typing import Any

from compat_tests.running.outcomes import SuiteOutcome
from wsmigrate.parity.differences import Difference, Side
from wsmigrate.parity.messages import DataMessage
from wsmigrate.parity.show import form_of, hex_around, place_of, short_side, text_around
from wsmigrate.parity.wire_form import opcode_name

_WHOLE = 4096


def report(outcome: SuiteOutcome) -> dict[str, Any]:
    """``matched`` counts messages that were the same, ``ignored`` and ``mismatched`` differences,
    ``inconclusive`` cases that there was nothing to judge by."""
    return {
        "cases": len(outcome.run),
        "frames_compared": outcome.compared,
        "matched": outcome.matched,
        "ignored": outcome.ignored,
        "mismatched": outcome.mismatched,
        "inconclusive": outcome.inconclusive,
        "differences": [
            shown_difference(one)
            for case in outcome.outcomes
            for one in (*case.mismatched, *_of_frames(case.ignored))
        ],
    }


def to_text(outcome: SuiteOutcome) -> str:
    """The report as a file holds it."""
    return json.dumps(report(outcome), ensure_ascii=False, indent=2) + "\n"


def shown_difference(difference: Difference) -> dict[str, Any]:
    """A difference with both sides in text, hex and, where they are short, in full."""
    place = place_of(difference)
    return {
        "verdict": difference.verdict.value,
        "kind": difference.kind.value,
        "case": difference.case,
        "room": difference.room,
        "client": difference.client,
        "index": difference.index,
        "received_index": difference.received_index,
        "count": difference.count,
        "detail": difference.detail,
        "rule": difference.rule or None,
        "reason": difference.reason or None,
        "first_differing_byte": place if difference.kind.value == "payload" else None,
        "expected": _side(difference.expected, place),
        "received": _side(difference.received, place),
    }


def _of_frames(differences: tuple[Difference, ...]) -> list[Difference]:
    """Of what is ignored the messages are listed; handshakes differ in the same four headers each
    time, and the count says how often."""
    return [one for one in differences if one.kind.of_frames]


def _side(side: Side, place: int) -> Any:
    if not isinstance(side, DataMessage):
        return None if side is None else short_side(side)
    shown: dict[str, Any] = {
        "opcode": opcode_name(side.opcode),
        "length": side.length,
        "fragments": side.fragments,
        "compressed": side.is_compressed,
        "form": form_of(side),
    }
    if side.is_redacted:
        return {**shown, "digest": side.content.decode("ascii")}
    shown["text"] = text_around(side.content, place)
    shown["hex"] = hex_around(side.content, place)
    if len(side.content) <= _WHOLE:
        shown["base64"] = base64.b64encode(side.content).decode("ascii")
    return shown
