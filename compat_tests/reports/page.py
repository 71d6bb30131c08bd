"""One self-contained HTML page: figures, differences, and a timeline for each room."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from compat_tests.reports.page_style import STYLE
from compat_tests.reports.rules_used import blank_messages, blank_text, own_rules_used, used_text
from compat_tests.running.outcomes import CaseOutcome, CaseVerdict, SuiteOutcome
from wsmigrate.parity.differences import Difference
from wsmigrate.parity.frames import WireFrame
from wsmigrate.parity.recording import SocketRecording
from wsmigrate.parity.show import lines_of_difference
from wsmigrate.parity.wire_form import opcode_name

_WIDTH = 900
_LANE = 22
_LEFT = 190
_MARKS = 400
_SHOWN = 20
_LANES = 24


def to_text(outcome: SuiteOutcome, pictures: Mapping[str, bytes] | None = None) -> str:
    """The page. ``pictures`` are PNG images by caption: what browsers showed."""
    body = [
        "<h1>Parity of two WebSocket servers</h1>",
        _figures(outcome),
        _rules(outcome),
        *_pictures(pictures or {}),
        *(_case(one) for one in sorted(outcome.outcomes, key=_order)),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>wsmigrate parity</title><style>{STYLE}</style></head><body>"
        + "\n".join(body)
        + "</body></html>\n"
    )


def _order(outcome: CaseOutcome) -> int:
    """Mismatched ones first."""
    worst = (CaseVerdict.MISMATCHED, CaseVerdict.INCONCLUSIVE)
    return worst.index(outcome.verdict) if outcome.verdict in worst else len(worst)


def _figures(outcome: SuiteOutcome) -> str:
    figures = {
        "cases": len(outcome.run),
        "frames compared": outcome.compared,
        "matched": outcome.matched,
        "differences ignored": outcome.ignored,
        "mismatched": outcome.mismatched,
        "cases inconclusive": outcome.inconclusive,
    }
    cells = "".join(
        f"<div><b>{count}</b><span>{escape(name)}</span></div>" for name, count in figures.items()
    )
    about = "".join(f"<li>{escape(k)}: {escape(v)}</li>" for k, v in outcome.about.items())
    return f'<div class="figures">{cells}</div><ul>{about}</ul>'


def _rules(outcome: SuiteOutcome) -> str:
    used: dict[str, tuple[str, int]] = {}
    for one in (one for case in outcome.outcomes for one in case.ignored):
        used[one.rule] = (one.reason, used.get(one.rule, ("", 0))[1] + one.count)
    rows = [
        f"<tr><td>{escape(name)}</td><td>{count}</td><td>{escape(reason)}</td></tr>"
        for name, (reason, count) in sorted(used.items())
    ]
    rows += [
        f"<tr><td>{escape(rule.name)}</td><td>own: {used_text(count)}</td>"
        f"<td>{escape(rule.reason)}</td></tr>"
        for rule, count in own_rules_used(outcome)
    ]
    rows += [
        f"<tr><td>{escape(name)}</td><td></td><td><b>{blank_text(count)}</b></td></tr>"
        for name, count in blank_messages(outcome).items()
    ]
    if not rows:
        return ""
    head = "<tr><th>rule</th><th>ignored</th><th>why</th></tr>"
    table = f"<table>{head}{''.join(rows)}</table>"
    return f"<details><summary>Ignored differences</summary>{table}</details>"


def _pictures(pictures: Mapping[str, bytes]) -> Iterable[str]:
    for caption, png in pictures.items():
        data = base64.b64encode(png).decode("ascii")
        yield (
            f'<figure><img alt="{escape(caption)}" src="data:image/png;base64,{data}">'
            f"<figcaption>{escape(caption)}</figcaption></figure>"
        )


def _case(outcome: CaseOutcome) -> str:
    case, verdict = outcome.case, outcome.verdict
    is_open = " open" if verdict is CaseVerdict.MISMATCHED else ""
    said = [case.why, *outcome.doubts, outcome.not_run]
    said += [f"old server: {case.legacy}"] if case.legacy else []
    said += [f"new server: {case.channels}"] if case.channels else []
    notes = "".join(f"<p>{escape(one)}</p>" for one in said if one)
    shown = "".join(
        f"<pre>{escape(chr(10).join(lines_of_difference(one)))}</pre>"
        for one in outcome.mismatched[:_SHOWN]
    )
    return (
        f'<details class="{verdict.value}"{is_open}><summary><i>{verdict.value}</i> '
        f"<b>{escape(case.name)}</b> {escape(case.title)} "
        f"<small>{outcome.matched}/{outcome.compared}</small></summary>"
        f"{notes}{shown}{''.join(_timelines(outcome))}</details>"
    )


def _timelines(outcome: CaseOutcome) -> Iterable[str]:
    rooms: dict[str, list[SocketRecording]] = {}
    for recording in outcome.recordings.values():
        rooms.setdefault(recording.room, []).append(recording)
    different = {(one.client, one.received_index): one for one in outcome.mismatched}
    for room, recordings in rooms.items():
        frames = [frame for one in recordings for frame in one.frames]
        if frames:
            yield _timeline(room, recordings[:_LANES], different)


def _timeline(
    room: str,
    recordings: Sequence[SocketRecording],
    different: Mapping[tuple[str, int | None], Difference],
) -> str:
    times = [frame.at for one in recordings for frame in one.frames]
    begin, end = min(times), max(times)
    scale = (_WIDTH - _LEFT - 20) / max(end - begin, 0.001)
    height = _LANE * len(recordings) + 24
    parts = [f'<text x="0" y="14" class="room">{escape(room[:100])}</text>']
    for lane, recording in enumerate(recordings):
        y = 24 + lane * _LANE + _LANE / 2
        parts.append(f'<text x="0" y="{y + 4}">{escape(recording.client[:30])}</text>')
        parts.append(f'<line x1="{_LEFT}" y1="{y}" x2="{_WIDTH}" y2="{y}"/>')
        place = -1
        for number, frame in enumerate(recording.frames):
            is_data = frame.opcode < 8
            place += is_data and frame.fin
            found = different.get((recording.client, place)) if is_data else None
            if number >= _MARKS and found is None:
                continue
            x = _LEFT + (frame.at - begin) * scale
            kind = "bad" if found else "data" if is_data else "control"
            title = escape(_told(frame, begin) + (f": {found.kind.value}" if found else ""))
            at = f'cx="{x:.1f}" cy="{y}" r="4"'
            parts.append(f'<circle class="{kind}" {at}><title>{title}</title></circle>')
    parts.append(
        f'<text x="{_WIDTH}" y="14" text-anchor="end">{(end - begin) * 1000:.0f} ms</text>'
    )
    return f'<svg viewBox="0 0 {_WIDTH + 10} {height}">{"".join(parts)}</svg>'


def _told(frame: WireFrame, begin: float) -> str:
    text = frame.payload[:60].decode("utf-8", "replace") if frame.opcode < 8 else ""
    milliseconds = (frame.at - begin) * 1000
    return f"{milliseconds:.1f} ms, {opcode_name(frame.opcode)}, {frame.length} bytes {text}"
