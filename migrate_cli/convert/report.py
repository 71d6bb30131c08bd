"""How a conversion is shown: a list, a diff, or JSON."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Any

from migrate_cli.convert.engine import Conversion
from migrate_cli.convert.findings import Finding, Safety

_LINE_ENDS = re.compile(r"(?<=\n)|(?<=\r)(?!\n)")
_ORDER = (Safety.SAFE, Safety.UNSAFE, Safety.BY_HAND, Safety.NOTE)
_HEADINGS = {
    Safety.SAFE: "Safe to do by machine: `wsmigrate convert PATH --write`",
    Safety.UNSAFE: "Done with --unsafe only, for behaviour may change",
    Safety.BY_HAND: "For a person",
    Safety.NOTE: "Good to know",
}


def listed(conversion: Conversion) -> Iterator[str]:
    """The findings as lines of text, by what may be done about them."""
    if not conversion.uses_stack:
        yield "Nothing here uses the old stack (django-notifs, or WebSockets of uWSGI)."
        return
    if not conversion.findings:
        yield "Nothing is left to convert."
        return
    for safety in _ORDER:
        found = [one for one in conversion.findings if one.safety is safety]
        if found:
            yield f"{_HEADINGS[safety]} ({len(found)})"
            yield from (f"  {one.path}:{one.line}: [{one.rule}] {one.what}" for one in found)
            yield ""
    yield summary(conversion)


def summary(conversion: Conversion) -> str:
    """The numbers of findings, in one line."""
    counts = dict.fromkeys(_ORDER, 0)
    for finding in conversion.findings:
        counts[finding.safety] += 1
    return "Found: " + ", ".join(f"{counts[one]} {one.value}" for one in _ORDER) + "."


def diff(conversion: Conversion) -> Iterator[str]:
    """The lines of a unified diff, with their ends, as `patch -p1` takes it."""
    for path, (old, new) in conversion.changed.items():
        lines = difflib.unified_diff(
            _lines(old),
            _lines(new),
            "/dev/null" if old is None else f"a/{path}",
            "/dev/null" if new is None else f"b/{path}",
        )
        for line in lines:
            # difflib's own lines end with LF; a line of the text may have no end, or CR alone.
            yield line
            if not line.endswith(("\n", "\r")):
                yield "\n\\ No newline at end of file\n"


def as_json(conversion: Conversion) -> dict[str, Any]:
    """The findings, the diff, and whether something is left to do."""
    return {
        "uses_stack": conversion.uses_stack,
        "left_to_do": sum(one.is_left_to_do for one in conversion.findings),
        "findings": [_finding(one) for one in conversion.findings],
        "remaining": [_finding(one) for one in conversion.remaining],
        "changed": sorted(conversion.changed),
        "diff": "".join(diff(conversion)),
    }


def _finding(one: Finding) -> dict[str, Any]:
    return {
        "rule": one.rule,
        "path": one.path,
        "line": one.line,
        "what": one.what,
        "safety": one.safety.value,
        "rewrites": one.rewrites,
    }


def _lines(text: str | None) -> list[str]:
    return [line for line in _LINE_ENDS.split(text or "") if line]
