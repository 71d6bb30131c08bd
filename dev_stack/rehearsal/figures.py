"""The figures of a rehearsal, step by step and in all, and what they say. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dev_stack.rehearsal.accounting import FIGURES, Account, Gap, Ledger, Outage, account_of
from dev_stack.rehearsal.records import (
    CHANNELS,
    LEGACY,
    SERVERS,
    TAKEN,
    ClientRecord,
    Message,
)
from dev_stack.rehearsal.run import PROBE_AFTER_S, Seen, StepTaken
from dev_stack.rehearsal.scenario import Deed, Limits
from dev_stack.rehearsal.step_figures import WRONG, Gaps, Probe, StepFigures, latency_ms
from dev_stack.rehearsal.verdict import why_not
from wsmigrate.errors import ExitCode

_APPLIED = re.compile(r"apply|applies")


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
        wrong = {name: counts[name] for name in WRONG}
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
                    **{name: total.faults_of[server][name] for name in WRONG},
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
        tuple(why_not(seen, steps, total, limits, switches)),
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
