"""The figures of a rehearsal, step by step and in all, and what they say. Pure."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from dev_stack.rehearsal.accounting import FIGURES, Account, Gap, Ledger, Outage, account_of
from dev_stack.rehearsal.records import (
    CHANNELS,
    LEGACY,
    SERVERS,
    STRAIGHT,
    TAKEN,
    ClientRecord,
    Message,
)
from dev_stack.rehearsal.run import PROBE_AFTER_S, Seen, StepTaken
from dev_stack.rehearsal.scenario import Deed, Limits
from wsmigrate.errors import ExitCode

SWITCH_WITHIN_S: Final = 2.0
_WRONG = ("lost", "duplicated", "out_of_order", "mismatched")
_APPLIED = re.compile(r"apply|applies")
_AFTER = re.compile(r"after ([\d.]+) s")


@dataclass(frozen=True)
class Gaps:
    """The gaps of some step, or of all. ``most`` is how many one client had in one step, ``frames``
    how many frames fell into them; times are in seconds. ``open``: clients that did not return."""

    count: int
    most: int
    longest_s: float
    frames: int
    open: int

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        longest = None if math.isinf(self.longest_s) else round(self.longest_s, 3)
        return {
            "count": self.count,
            "most_per_client": self.most,
            "longest_s": longest,
            "frames": self.frames,
            "not_returned": self.open,
        }


@dataclass(frozen=True)
class Probe:
    """A message that was published PROBE_AFTER_S after a rollback, in each room: how many clients
    it was due, and how many have it."""

    due: int
    reached: int


@dataclass(frozen=True)
class StepFigures:
    """A step and what came of it."""

    taken: StepTaken
    ledger: Ledger
    gaps: Gaps
    probe: Probe | None
    faults: tuple[str, ...]

    @property
    def sockets(self) -> dict[str, int]:
        """Where the clients were at its end; who is straight at the old server is there."""
        found = self.taken.servers
        return {
            LEGACY: found.get(LEGACY, 0) + found.get(STRAIGHT, 0),
            CHANNELS: found.get(CHANNELS, 0),
            "away": found.get("away", 0),
        }

    def as_json(self, began: float) -> dict[str, Any]:
        """For ``--json``. ``at_s`` is in seconds since the load began."""
        step = self.taken.step
        return {
            "step": step.name,
            "stage": step.rung.stage.value,
            "direction": "back" if step.back else "forward",
            "percent": step.rung.percent,
            "notify_backend": step.rung.backend.value,
            "at_s": round(self.taken.began - began, 2),
            "seconds": round(self.taken.done - self.taken.began, 2),
            "clients": self.sockets,
            **{name: self.ledger.counts[name] for name in FIGURES},
            "latency_ms": latency_ms(self.ledger),
            "gaps": self.gaps.as_json(),
            **(
                {"probe": {"due": self.probe.due, "reached": self.probe.reached}}
                if self.probe
                else {}
            ),
            **({"faults": list(self.faults)} if self.faults else {}),
            "commands": [call.as_json() for call in self.taken.calls],
        }


@dataclass(frozen=True)
class Figures:
    """All figures. ``why_not``: what did not hold, in sentences; empty where all did."""

    scenario: str
    steps: tuple[StepFigures, ...]
    total: Ledger
    gaps: Gaps
    clients: int
    clients_of: Mapping[str, int]
    identical: int
    switches: tuple[str, ...]
    began: float
    why_not: tuple[str, ...]
    worst: tuple[str, ...]
    by_client: Mapping[tuple[int, int], Counter[str]] = field(default_factory=dict)

    @property
    def exit_code(self) -> ExitCode:
        """DONE if all held."""
        return ExitCode.REFUSED if self.why_not else ExitCode.DONE

    def as_json(self) -> dict[str, Any]:
        """What ``--json`` writes: the keys of the demo's, and more."""
        counts, total = self.total.counts, self.total
        wrong = {name: counts[name] for name in _WRONG}
        delivered = counts["received"]
        return {
            "published": counts["published"],
            "clients": self.clients,
            "delivered": delivered,
            **wrong,
            "latency_ms": latency_ms(total),
            "identical": self.identical,
            "servers": {
                server: {
                    "clients": self.clients_of[server],
                    "delivered": total.received_from[server],
                    **{name: total.faults_of[server][name] for name in _WRONG},
                }
                for server in SERVERS
            },
            "front_door": {
                "clients": self.clients,
                "delivered": delivered,
                **wrong,
                "steps": [
                    {
                        "percent": step.taken.step.rung.percent,
                        LEGACY: step.sockets[LEGACY],
                        CHANNELS: step.sockets[CHANNELS],
                    }
                    for step in self.steps
                ],
            },
            "gaps": self.gaps.as_json(),
            "in_gaps": counts["in_gaps"],
            "cut_off": counts["cut_off"],
            "refused": counts["refused"],
            "stages": [step.as_json(self.began) for step in self.steps],
            "switches": list(self.switches),
            "scenario": self.scenario,
            "held": not self.why_not,
            "why_not": list(self.why_not),
            "examples": list(self.worst[:20]),
        }


def figures_of(seen: Seen, scenario: str, limits: Limits) -> Figures:
    """Judge what a rehearsal has seen."""
    begins = [step.began for step in seen.steps]
    account = account_of(seen.messages, seen.clients, begins, _outages(seen), limits.under_way_s)
    steps = tuple(
        StepFigures(
            taken,
            account.ledgers[number],
            _gaps(account.gaps[number]),
            _probe(seen, taken, begins[number + 1 : number + 2]) if taken.step.back else None,
            tuple(
                f"{one.fault.deed.value} {one.fault.what}".strip()
                + (f" at {one.command}" if one.command else "")
                for one in seen.happened
                if one.step == number and one.landed
            ),
        )
        for number, taken in enumerate(seen.steps)
    )
    total = Ledger()
    for ledger in account.ledgers:
        total.add(ledger)
    switches = _switches(seen)
    return Figures(
        scenario,
        steps,
        total,
        _all_gaps(account),
        len(seen.clients),
        _clients_of(seen.clients),
        account.identical,
        switches,
        seen.began,
        tuple(_why_not(seen, steps, total, limits, switches)),
        tuple(account.worst),
        account.by_client,
    )


def client_lines(seen: Seen, figures: Figures, rooms: Sequence[str]) -> Iterator[dict[str, Any]]:
    """A line for each client and step: its room, FIGURES, and its gaps."""
    rooms_of = {client.number: rooms[client.room] for client in seen.clients}
    for (place, number), counts in sorted(figures.by_client.items()):
        step = figures.steps[place].taken.step
        yield {
            "step": step.name,
            "place": place,
            "client": number,
            "room": rooms_of[number],
            **{name: counts[name] for name in FIGURES if name != "refused"},
        }


def latency_ms(ledger: Ledger) -> dict[str, dict[str, float | None]]:
    """The percentiles of each server, in milliseconds; None where nothing came from it."""
    found = {}
    for server in SERVERS:
        times = sorted(ledger.latencies[server])
        found[server] = {"p50": _percentile_ms(times, 50), "p99": _percentile_ms(times, 99)}
    return found


def _percentile_ms(sorted_s: Sequence[float], percent: int) -> float | None:
    if not sorted_s:
        return None
    rank = max(1, math.ceil(len(sorted_s) * percent / 100))
    return round(sorted_s[rank - 1] * 1000, 2)


def _outages(seen: Seen) -> list[Outage]:
    """Restarts of the broker: the bindings are gone, whoever is bound is closed and told."""
    return [
        Outage(one.at, one.until)
        for one in seen.happened
        if one.landed
        and one.fault.what == "rabbitmq"
        and one.fault.deed in {Deed.KILL, Deed.RESTART}
    ]


def _gaps(gaps: Sequence[Gap]) -> Gaps:
    by_client = Counter(gap.client for gap in gaps)
    return Gaps(
        len(gaps),
        max(by_client.values(), default=0),
        max((gap.seconds for gap in gaps if gap.returned), default=0.0),
        sum(gap.frames for gap in gaps),
        sum(not gap.returned for gap in gaps),
    )


def _all_gaps(account: Account) -> Gaps:
    steps = [_gaps(gaps) for gaps in account.gaps]
    return Gaps(
        sum(one.count for one in steps),
        max((one.most for one in steps), default=0),
        max((one.longest_s for one in steps), default=0.0),
        sum(one.frames for one in steps),
        sum(one.open for one in steps),
    )


def _probe(seen: Seen, taken: StepTaken, following: Sequence[float]) -> Probe:
    """The first message of each room from PROBE_AFTER_S after the rollback on, and before the next
    step, and the clients that had come by then."""
    begin, end = taken.done + PROBE_AFTER_S, following[0] if following else float("inf")
    first: dict[int, Message] = {}
    for message in sorted(seen.messages, key=lambda one: one.begin):
        if message.fate == TAKEN and begin <= message.begin < end:
            first.setdefault(message.key.room, message)
    due = reached = 0
    for client in seen.clients:
        due_to_it = first.get(client.room)
        if due_to_it is None or not client.came_before(due_to_it.begin):
            continue
        due += 1
        reached += client.has(due_to_it.key)
    return Probe(due, reached)


def _clients_of(clients: Sequence[ClientRecord]) -> dict[str, int]:
    return {
        server: sum(any(one.server == server for one in client.sessions) for client in clients)
        for server in SERVERS
    }


def _switches(seen: Seen) -> tuple[str, ...]:
    """What the commands said of the changes of the notify backend."""
    return tuple(
        entry["why"]
        for entry in seen.history
        if entry["command"] == "publish-to"
        and entry["event"] == "done"
        and _APPLIED.search(entry["why"])
    )


def _why_not(
    seen: Seen,
    steps: Sequence[StepFigures],
    total: Ledger,
    limits: Limits,
    switches: Sequence[str],
) -> list[str]:
    found = [
        f"{total.counts[kind]} {kind.replace('_', ' ')}" for kind in _WRONG if total.counts[kind]
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
    found += [f"this fault never happened: {fault.sentence}" for fault in seen.missed]
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
