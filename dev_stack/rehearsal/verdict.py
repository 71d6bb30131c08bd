"""Whether a rehearsal held, and if not, why. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from dev_stack.rehearsal.accounting import Ledger
from dev_stack.rehearsal.run import PROBE_AFTER_S, Seen
from dev_stack.rehearsal.scenario import Limits
from dev_stack.rehearsal.step_figures import WRONG, StepFigures

SWITCH_WITHIN_S: Final = 2.0
"""So soon a change of the notify backend has to have reached every live publisher."""

_AFTER = re.compile(r"after ([\d.]+) s")


def why_not(
    seen: Seen,
    steps: Sequence[StepFigures],
    total: Ledger,
    limits: Limits,
    switches: Sequence[str],
) -> list[str]:
    """What did not hold, in sentences; nothing where all did."""
    found = [
        f"{total.counts[kind]} {kind.replace('_', ' ')}" for kind in WRONG if total.counts[kind]
    ]
    for figures in steps:
        found += _of_step(figures, limits)
    found += _failed_calls(seen)
    if not total.counts["received"]:
        found.append("no frame came to anybody")
    if not seen.happened:
        found += [
            f"a backend switch was slow: {said}"
            for said in switches
            if _seconds(said) > SWITCH_WITHIN_S
        ]
        if total.counts["refused"]:
            found.append(f"{total.counts['refused']} calls of notify() failed")
    found += [f"this fault never happened: {missed}" for missed in seen.missed]
    away = seen.at_the_end.get("servers", {}).get("away", 0)
    if away:
        found.append(f"{away} clients are away at the end")
    return found


def _of_step(figures: StepFigures, limits: Limits) -> list[str]:
    name, gaps, probe = figures.taken.step.name, figures.gaps, figures.probe
    found = []
    if gaps.most > limits.gaps_per_step:
        found.append(f"{name}: a client had {gaps.most} gaps")
    if gaps.longest_s > limits.longest_gap_s:
        found.append(f"{name}: a gap of {gaps.longest_s:.2f} s")
    if gaps.open:
        found.append(f"{name}: {gaps.open} clients did not return")
    if probe is not None and (probe.reached < probe.due or not probe.due):
        found.append(
            f"{name}: of {probe.due} clients {probe.reached} have a message of "
            f"{PROBE_AFTER_S:g} s later"
        )
    return found


def _failed_calls(seen: Seen) -> list[str]:
    """Commands that did not end with 0 although nothing had gone wrong on purpose until then. After
    a fault a step may be refused, undone or cut off: it is tried again until it is done."""
    first = min((one.at for one in seen.happened), default=float("inf"))
    return [
        f"{taken.step.name}: `wsmigrate {call.words[0]}` ended with {call.status}: "
        f"{call.last_words}"
        for taken in seen.steps
        for call in taken.calls
        if call.status and call.ended < first
    ]


def _seconds(said: str) -> float:
    found = _AFTER.search(said)
    return float(found[1]) if found else 0.0
