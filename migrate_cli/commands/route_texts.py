"""What ``wsmigrate route`` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from migrate_cli.routers.port import Health, Sessions, Share, Traffic
from migrate_cli.routers.probing import Measured
from migrate_cli.routers.takeover import Step
from wsmigrate.sides import Side


@dataclass(frozen=True)
class Shown:
    """What is known of a front door. None: it does not tell."""

    name: str
    share: Share
    sessions: Sessions | None
    health: Health
    traffic: Mapping[Side, Traffic]
    measured: Measured | None

    def as_json(self) -> dict[str, Any]:
        """For scripts. Percentages are of the rooms, and go to the new server."""
        return {
            "front_door": self.name,
            "percent": self.share.percent,
            "persisted": self.share.is_persisted,
            "doors": {name: asdict(door) for name, door in self.share.doors.items()},
            "sessions": asdict(self.sessions) if self.sessions else None,
            "health": {side.value: self.health.of(side).state.value for side in Side},
            "traffic": {side.value: asdict(self.traffic[side]) for side in Side},
            "measured": {**asdict(self.measured), "percent": self.measured.percent}
            if self.measured
            else None,
        }

    def as_text(self) -> str:
        """For people."""
        lines = [*self._shares()]
        for side in Side:
            count = self.sessions.of(side) if self.sessions else "?"
            health = self.health.of(side)
            detail = f" ({health.detail})" if health.detail else ""
            lines.append(
                f"{side.value:<10}{health.state.value}, {count} sessions"
                f"{_traffic(self.traffic[side])}{detail}"
            )
        if self.sessions is None:
            lines.append("          (this kind of door does not count sessions)")
        lines.append(
            f"measured  {measured(self.measured)}"
            if self.measured
            else "measured  no (give --url, the address that browsers connect to)"
        )
        return "\n".join(lines)

    def _shares(self) -> Iterator[str]:
        for name, door in self.share.doors.items():
            kept = (
                "a restart keeps that"
                if door.persisted == door.percent
                else "not persisted"
                if door.persisted is None
                else f"a restart would make it {door.persisted:g} %"
            )
            yield f"door      {name}: {door.percent:g} % of the rooms to the new server; {kept}"


def measured(found: Measured) -> str:
    """One measurement in a line."""
    if found.percent is None or found.margin is None:
        return (
            f"unknown: none of {found.rooms} answers said its side, which those of a rendered "
            "front door do"
        )
    if found.by_counters:
        return (
            f"{found.percent:.1f} % (±{found.margin:.1f}) of {found.legacy + found.channels} "
            "connects went to the new server, as the door counts them (the probes, and whoever "
            "else came meanwhile): its answers do not say their side"
        )
    more = [f"{found.legacy} legacy, {found.channels} channels"]
    if found.unnamed:
        more.append(f"{found.unnamed} did not say")
    if found.failed:
        more.append(f"{found.failed} failed")
    if found.split:
        more.append(f"{found.split} ROOMS WERE SPLIT by their spelling")
    return (
        f"{found.percent:.1f} % (±{found.margin:.1f}) of {found.rooms} probed rooms go to the new "
        f"server: {', '.join(more)}"
    )


def change(before: Share, percent: int) -> Iterator[str]:
    """What setting a share is going to do, door by door."""
    for name, door in before.doors.items():
        if door.percent == percent and door.persisted in (percent, None):
            yield f"{name}: has {percent} % already"
        else:
            yield f"{name}: {door.percent:g} % -> {percent} % of the rooms to the new server"
    yield "Open sockets stay where they are; new clients follow at once."


def done(after: Share) -> str:
    """What was read back."""
    kept = "persisted" if after.is_persisted else "NOT persisted: a restart forgets it"
    return f"Done: every door has {after.percent:g} %, as read back from it; {kept}."


def moved(before: Measured, after: Measured) -> str:
    """The share that really moved."""
    if before.percent is None or after.percent is None:
        return f"Measured: {measured(after)}"
    return (
        f"Measured before: {measured(before)}\nMeasured now:    {measured(after)}\n"
        f"So {after.percent - before.percent:+.1f} points really moved."
    )


def plan(steps: Sequence[Step]) -> Iterator[str]:
    """Numbered, with the check and the way back of each."""
    yield "How the front door takes the port. Nothing is done by this command."
    for number, step in enumerate(steps, 1):
        yield f"\n{number}. {step.title}"
        for command in step.commands:
            yield f"     {command}"
        if step.check:
            yield f"   check: {step.check}"
        for command in step.undo:
            yield f"   back:  {command}"


def _traffic(found: Traffic) -> str:
    words = []
    if found.connects is not None:
        words.append(f"{found.connects} connects")
    if found.errors is not None:
        words.append(f"{found.errors} errors")
    counted = f", since the door's start {', '.join(words)}" if words else ""
    if found.response_ms is None:
        return counted
    return f"{counted}, answers take {found.response_ms:g} ms"
