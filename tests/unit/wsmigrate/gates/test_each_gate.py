"""What each built-in gate looks at."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_every_gate import GOOD

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
from wsmigrate.gates.thresholds import Thresholds

PASS, FAIL, INCONCLUSIVE = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE
GATES = {gate.name: gate for gate in ALL_GATES}


def kept(**changes: object) -> Retention:
    usual = InboxKept("wsmigrate.inbox.0", 1.0, 1000.0, 100, 10, dropped=False)
    return Retention((replace(usual, **changes),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("gate", "evidence", "outcome", "said"),
    [
        ("parity", {"parity": Compared(100, 1)}, FAIL, "1 mismatched of 100"),
        ("parity", {"parity": Compared(3, 1)}, FAIL, "1 mismatched of 3"),
        ("parity", {"parity": Compared(49, 0)}, INCONCLUSIVE, "at least 50"),
        ("parity", {"parity": Compared(100, 0, gone=2)}, FAIL, "sockets lost"),
        ("bridge-lag", {"relay": Relayed(8, 100, 5.1)}, FAIL, "up to 5.1 s"),
        ("bridge-lag", {"relay": Relayed(8, 0, 5.1)}, FAIL, "up to 5.1 s"),
        ("bridge-lag", {"relay": Relayed(8, 19, 0.0)}, INCONCLUSIVE, "at least 20"),
        ("bridge-lag", {"relay": Relayed(8, 99, 0.0, ("in.3",))}, FAIL, "nobody: in.3"),
        ("dead-letters", {"dead_letters": DeadLetters({"not-utf-8": 2})}, FAIL, "2 not-utf-8"),
        ("dead-letters", {"relay": Missing("gone")}, INCONCLUSIVE, "0 wait"),
        ("retention", {"retention": kept(behind_s=251.0)}, FAIL, "25.1 %"),
        ("retention", {"retention": kept(behind=50)}, PASS, "0.1 %"),
        ("retention", {"retention": kept(behind=50, dropped=True)}, FAIL, "50 %"),
        ("retention", {"retention": replace(kept(), lost=3)}, FAIL, "3 messages"),
        ("retention", {"retention": kept(behind_s=float("nan"))}, INCONCLUSIVE, "not be told"),
        ("copies", {"copies": CopiesSeen({"rabbitmq-first": 30, "different": 1})}, FAIL, "1 dif"),
        ("copies", {"copies": CopiesSeen({"rabbitmq-first": 30, "only-channels": 2})}, FAIL, "2"),
        ("copies", {"copies": CopiesSeen({}, {"layer-failed": 1})}, FAIL, "1 layer-failed"),
        ("copies", {"copies": CopiesSeen({"channels-first": 19})}, INCONCLUSIVE, "at least 20"),
        ("connects", {"server": ServerCounts(1, 98, refused={"broker": 2})}, FAIL, "2 failed"),
        ("connects", {"server": ServerCounts(1, 99, refused={"layer": 1})}, PASS, "1 %"),
        ("connects", {"server": ServerCounts(1, 98, refused={"anonymous": 9})}, PASS, "0 failed"),
        ("connects", {"probe": ProbeCounts(30, 5)}, FAIL, "5 failed"),
        ("errors", {"server": ServerCounts(1, 50, closed={"internal-error": 1})}, FAIL, "1 errors"),
        ("errors", {"door": DoorCounts(100, 2)}, FAIL, "2 errors of 100"),
        ("errors", {"door": Missing("none")}, PASS, "0 errors of 100"),
        (
            "drops",
            {"server": ServerCounts(1, 20, sockets=20, closed={"try-again-later": 1})},
            FAIL,
            "1 try-again-later",
        ),
        (
            "drops",
            {"server": ServerCounts(1, 20, sockets=500, given_up={"marker-not-seen": 1})},
            FAIL,
            "1 marker-not-seen",
        ),
        ("latency", {"latencies": Latencies((0.01,) * 100, (0.121,) * 100)}, FAIL, "121 ms"),
        ("latency", {"latencies": Latencies((0.01,) * 100, (0.119,) * 100)}, PASS, "120 ms"),
        (
            "latency",
            {"latencies": Latencies((0.01,) * 200, (0.01,) * 197 + (5.0,) * 3)},
            FAIL,
            "p99 5000 ms",
        ),
        ("latency", {"latencies": Latencies((), (0.01,) * 200)}, INCONCLUSIVE, "0 messages"),
        (
            "policy",
            {"server": ServerCounts(1, 60, 30, would_refuse={"anonymous": 1})},
            FAIL,
            "1 anonymous",
        ),
        ("policy", {"server": ServerCounts(1, 60, 45)}, INCONCLUSIVE, "15 clients"),
        ("policy", {"server": ServerCounts(1, 30, 0, refused={"origin": 3})}, FAIL, "3 origin"),
        ("database-connections", {"database": DatabaseLoad(78, 97, 1)}, FAIL, "80.4 %"),
        ("table-size", {"database": DatabaseLoad(1, 97, 2 << 30)}, FAIL, "2048.0 MiB"),
        ("table-size", {"database": DatabaseLoad(1, 97, 0)}, INCONCLUSIVE, "0.0 MiB"),
        ("old-sockets", {"old_sockets": OldSockets({"a": 0, "b": 1})}, FAIL, "1 by b"),
        (
            "old-sockets",
            {"old_sockets": OldSockets({"a": 0, "b": float("nan")})},
            INCONCLUSIVE,
            "by b",
        ),
        (
            "processes",
            {"processes": ProcessRevisions(7, {"server": 2}, ("server web:1 (6)",))},
            FAIL,
            "web:1 (6)",
        ),
        ("processes", {"processes": ProcessRevisions(7, {"publisher": 2})}, INCONCLUSIVE, "No s"),
    ],
)
def test_a_gate_says(gate: str, evidence: dict[str, object], outcome: Outcome, said: str) -> None:
    changed: Evidence = replace(GOOD, **evidence)  # type: ignore[arg-type]
    found = GATES[gate].ask(changed, Thresholds())
    assert (found.outcome, said in found.why) == (outcome, True), found
