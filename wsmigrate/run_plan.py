"""A plan that `wsmigrate run` follows by itself: steps with bake times, gates and hooks.

Pure: a parsed TOML document comes in. What a plan may say is described in docs/run.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wsmigrate.errors import ConfigError
from wsmigrate.rungs import Rung

Argv = tuple[str, ...]

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_LONGEST_S = 30 * 86400
_PLAN_KEYS = {"name", "bake", "check_every", "rollback_to", "accept_inconclusive"}
_STEP_KEYS = {"to", "bake", "before", "after", "rollback_to", "accept_inconclusive"}
_TABLES = {"plan", "steps"}


@dataclass(frozen=True)
class PlanStep:
    """Up to the rung ``to``, which is then watched for ``bake_s`` seconds.

    ``before`` and ``after`` are programs with their arguments: before the step, and once the rung
    is reached. ``rollback_to``: where a failure of this step leads; empty: to where it began.
    ``accept_inconclusive``: a reason to go on although gates do not know; empty: then it pauses.
    """

    to: str
    bake_s: float = 0.0
    before: Argv = ()
    after: Argv = ()
    rollback_to: str = ""
    accept_inconclusive: str = ""


@dataclass(frozen=True)
class RunPlan:
    """``check_every_s``: how often gates are asked during a bake, in seconds."""

    steps: tuple[PlanStep, ...]
    name: str = ""
    check_every_s: float = 15.0

    def position(self, index: int) -> str:
        """A step as people count."""
        return f"step {index + 1} of {len(self.steps)}"


@dataclass(frozen=True)
class _Context:
    where: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def wrong(self, key: str, expected: str) -> ConfigError:
        return ConfigError(
            f"{self.where}: {key} is {self.values[key]!r}, and has to be {expected}."
        )

    def text(self, key: str, default: str = "") -> str:
        value = self.values.get(key, default)
        if not isinstance(value, str):
            raise self.wrong(key, "a text")
        return value.strip()

    def seconds(self, key: str, default: float) -> float:
        if key not in self.values:
            return default
        value = self.values[key]
        if isinstance(value, str):
            value = _seconds_in(value)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.wrong(key, 'a number of seconds or a text as "90s", "30m", "1h30m"')
        if not 0 <= value <= _LONGEST_S:
            raise self.wrong(key, "between 0 and 30 days")
        return float(value)

    def argv(self, key: str) -> Argv:
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(word, str) and word for word in value):
            raise self.wrong(key, 'a list of words, as ["/usr/local/bin/announce", "canary"]')
        return tuple(value)


def run_plan_of(document: Mapping[str, Any], rungs: Sequence[Rung], where: str) -> RunPlan:
    """The plan of a parsed TOML document, checked against the ladder of the project; ``where``
    names the file. Raises ConfigError, which says what is wrong and where."""
    _known(document, _TABLES, where)
    head = document.get("plan", {})
    if not isinstance(head, Mapping):
        raise ConfigError(f"{where}: 'plan' has to be a table: [plan].")
    _known(head, _PLAN_KEYS, f"{where}, [plan]")
    general = _Context(f"{where}, [plan]", head)
    check_every_s = general.seconds("check_every", 15.0)
    if check_every_s <= 0:
        raise general.wrong("check_every", "above 0")
    tables = document.get("steps", [])
    if (
        not isinstance(tables, list)
        or not tables
        or not all(isinstance(t, Mapping) for t in tables)
    ):
        raise ConfigError(
            f"{where} has no steps.", remedy='Write one [[steps]] for each, with to = "canary 5".'
        )
    ladder = _Ladder(rungs)
    steps: list[PlanStep] = []
    for number, table in enumerate(tables, 1):
        place = f"{where}, step {number}"
        _known(table, _STEP_KEYS, place)
        steps.append(_step(_Context(place, {**_inherited(head), **table}), ladder))
        if len(steps) > 1 and not ladder.rung(steps[-2].to).is_below(ladder.rung(steps[-1].to)):
            raise ConfigError(f"{place}: {steps[-1].to!r} does not come after {steps[-2].to!r}.")
    return RunPlan(tuple(steps), general.text("name"), check_every_s)


def _inherited(head: Mapping[str, Any]) -> dict[str, Any]:
    return {key: head[key] for key in ("bake", "rollback_to", "accept_inconclusive") if key in head}


def _step(given: _Context, ladder: _Ladder) -> PlanStep:
    if "to" not in given.values:
        raise ConfigError(f'{given.where} does not say to which stage: to = "canary 5".')
    to = ladder.name(given, "to")
    back = ladder.name(given, "rollback_to") if given.text("rollback_to") else ""
    if back and not ladder.rung(back).is_below(ladder.rung(to)):
        raise given.wrong("rollback_to", f"earlier than {to!r}")
    return PlanStep(
        to=to,
        bake_s=given.seconds("bake", 0.0),
        before=given.argv("before"),
        after=given.argv("after"),
        rollback_to=back,
        accept_inconclusive=given.text("accept_inconclusive"),
    )


class _Ladder:
    """Rungs by the names that people give them. A stage stands for its last rung."""

    def __init__(self, rungs: Sequence[Rung]) -> None:
        self._rungs = rungs

    def name(self, given: _Context, key: str) -> str:
        wanted = " ".join(given.text(key).replace("-", " ").split()).lower()
        for rung in reversed(self._rungs):
            if wanted in {rung.name, rung.stage.value}:
                return rung.name
        known = ", ".join(rung.name for rung in self._rungs)
        raise given.wrong(key, f"one of: {known}")

    def rung(self, name: str) -> Rung:
        return next(rung for rung in self._rungs if rung.name == name)


def _known(table: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(table) - known)
    if unknown:
        raise ConfigError(
            f"{where} has keys that are not known: {', '.join(unknown)}.",
            remedy=f"Known are {', '.join(sorted(known))}.",
        )


def _seconds_in(text: str) -> float | str:
    found = _DURATION.fullmatch(text.replace(" ", ""))
    if found is None or not any(found.groups()):
        return text
    hours, minutes, seconds = (int(group or 0) for group in found.groups())
    return float(3600 * hours + 60 * minutes + seconds)


def duration(seconds: float) -> str:
    """Seconds as people and plans write them: ``1h30m``, ``45s``."""
    whole = max(0, round(seconds))
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    words = [f"{hours}h" if hours else "", f"{minutes}m" if minutes else ""]
    return "".join([*words, f"{rest}s" if rest or not (hours or minutes) else ""])
