"""What holds for each built-in gate: without data, and with too little of it, there is no pass."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsmigrate.gates import Outcome
from wsmigrate.gates.built_in import ALL_GATES
from wsmigrate.gates.evidence import (
    Compared,
    CopiesSeen,
    DatabaseLoad,
    DeadLetters,
    DoorCounts,
    Evidence,
    InboxKept,
    Latencies,
    Missing,
    OldSockets,
    ProbeCounts,
    ProcessRevisions,
    Relayed,
    Retention,
    ServerCounts,
)
from wsmigrate.gates.gate import Gate
from wsmigrate.gates.thresholds import Thresholds

PASS, INCONCLUSIVE = Outcome.PASS, Outcome.INCONCLUSIVE

GOOD = Evidence(
    seconds=30,
    parity=Compared(compared=500, mismatched=0, rooms=3),
    latencies=Latencies((0.01,) * 200, (0.02,) * 200),
    relay=Relayed(8, 500, 0.1),
    dead_letters=DeadLetters(),
    retention=Retention((InboxKept("wsmigrate.inbox.0", 0.1, 86400, 100, 1, dropped=False),)),
    copies=CopiesSeen({"rabbitmq-first": 100, "channels-first": 5}),
    server=ServerCounts(processes=2, opened=100, opened_by_probe=30, sockets=400),
    door=DoorCounts(50, 0),
    probe=ProbeCounts(30, 0),
    database=DatabaseLoad(20, 97, 1 << 20),
    old_sockets=OldSockets({"the front door": 0}),
    processes=ProcessRevisions(7, {"server": 2, "publisher": 4}),
)
PARTS = [entry.name for entry in fields(Evidence) if entry.name not in {"seconds", "backend"}]

every_gate = pytest.mark.parametrize("gate", ALL_GATES, ids=lambda gate: gate.name)


@every_gate
def test_good_evidence_passes(gate: Gate) -> None:
    found = gate.ask(GOOD, Thresholds())
    assert found.outcome is PASS, found.why
    assert found.gate == gate.name
    assert found.why.endswith(".")


@every_gate
def test_no_evidence_is_inconclusive_and_says_why(gate: Gate) -> None:
    nothing = Evidence(**dict.fromkeys(PARTS, Missing("The cable was cut.")))
    found = gate.ask(nothing, Thresholds())
    assert found.outcome is INCONCLUSIVE
    assert found.why == "The cable was cut."


@every_gate
def test_what_a_gate_needs_is_what_it_looks_at(gate: Gate) -> None:
    only_its_own = Evidence(
        **{
            part: getattr(GOOD, part) if part in gate.needs else Missing("not measured")
            for part in PARTS
        }
    )
    assert gate.ask(only_its_own, Thresholds()).outcome is PASS


def nothing_seen(evidence: Evidence) -> Evidence:
    """All that counts is 0."""
    return replace(
        evidence,
        parity=Compared(0, 0),
        latencies=Latencies((), ()),
        relay=Relayed(8, 0, 0.0),
        retention=Retention(()),
        copies=CopiesSeen({}),
        server=ServerCounts(processes=1),
        door=DoorCounts(0, 0),
        probe=ProbeCounts(0, 0),
        database=DatabaseLoad(0, 0, 0),
        old_sockets=OldSockets({}),
        processes=ProcessRevisions(7, {}),
    )


@every_gate
def test_nothing_seen_is_inconclusive(gate: Gate) -> None:
    assert gate.ask(nothing_seen(GOOD), Thresholds()).outcome is INCONCLUSIVE


def _numbers(value: Any) -> Any:
    """The same with not a number in place of each figure."""
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return math.nan
    if isinstance(value, tuple):
        return tuple(map(_numbers, value))
    if isinstance(value, dict):
        return {key: _numbers(one) for key, one in value.items()}
    if hasattr(value, "__dataclass_fields__"):
        return replace(
            value, **{one.name: _numbers(getattr(value, one.name)) for one in fields(value)}
        )
    return value


WITH_FIGURES = [gate for gate in ALL_GATES if gate.name not in {"processes", "dead-letters"}]


@pytest.mark.parametrize("gate", WITH_FIGURES, ids=lambda gate: gate.name)
def test_not_a_number_is_inconclusive(gate: Gate) -> None:
    spoilt = Evidence(**{part: _numbers(getattr(GOOD, part)) for part in PARTS})
    assert gate.ask(spoilt, Thresholds()).outcome is INCONCLUSIVE


figures = st.one_of(st.floats(), st.integers(-10, 1000))
shares = st.dictionaries(
    st.sampled_from(["broker", "layer", "anonymous", "internal-error", "service-restart"]),
    st.floats(0, 100) | st.just(math.nan),
    max_size=3,
)


@given(
    parity=st.builds(Compared, compared=figures, mismatched=figures),
    relay=st.builds(Relayed, inboxes=st.just(8), relayed=figures, lag_s=figures),
    server=st.builds(
        ServerCounts,
        processes=st.just(1),
        opened=figures,
        opened_by_probe=figures,
        sockets=figures,
        refused=shares,
        would_refuse=shares,
        closed=shares,
        given_up=shares,
    ),
    copies=st.builds(CopiesSeen, found=shares, one_sided=shares),
    latencies=st.builds(
        Latencies,
        old_s=st.lists(figures, max_size=5).map(tuple),
        new_s=st.lists(figures, max_size=5).map(tuple),
    ),
    database=st.builds(DatabaseLoad, figures, figures, figures),
)
def test_whatever_comes_a_pass_has_data_behind_it(**parts: Any) -> None:
    """Every gate is total, and a pass has at least the observations that are asked for."""
    limits = Thresholds()
    evidence = replace(GOOD, **parts)
    for gate in ALL_GATES:
        found = gate.ask(evidence, limits)
        if found.outcome is PASS and "least" in found.figures:
            count, least = found.figures.get("count"), found.figures["least"]
            assert count is not None
            assert least is not None
            assert count >= least, (gate.name, found)
        found.as_record()  # JSON can say it


@given(st.integers(0, 200), st.integers(0, 200))
def test_more_mismatches_never_make_it_better(few: int, more: int) -> None:
    order = [Outcome.PASS, Outcome.INCONCLUSIVE, Outcome.FAIL]
    gate = next(gate for gate in ALL_GATES if gate.name == "parity")

    def badness(mismatched: int) -> int:
        evidence = replace(GOOD, parity=Compared(100, mismatched))
        return order.index(gate.ask(evidence, Thresholds(mismatched=3)).outcome)

    low, high = sorted((few, more))
    assert badness(low) <= badness(high)
