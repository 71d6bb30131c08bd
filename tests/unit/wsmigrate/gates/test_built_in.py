from __future__ import annotations

import pytest

from wsmigrate.errors import ConfigError
from wsmigrate.gates.built_in import ALL_GATES, checked_names, gates_of
from wsmigrate.rungs import ladder

RUNGS = ladder([50, 100])
STEPS = list(zip(RUNGS, RUNGS[1:]))


def names(step: int, **options: object) -> set[str]:
    return {gate.name for gate in gates_of(*STEPS[step], **options)}  # type: ignore[arg-type]


def test_every_step_up_has_a_gate() -> None:
    assert all(gates_of(rung, goal) for rung, goal in STEPS)


def test_every_gate_belongs_to_some_step() -> None:
    asked = {gate.name for rung, goal in STEPS for gate in gates_of(rung, goal)}
    assert asked == {gate.name for gate in ALL_GATES}


def test_nobody_is_judged_by_the_policy_before_he_can_have_come() -> None:
    assert "policy" not in names(2)  # shadow to canary 50
    assert "policy" in names(3)
    assert "policy" not in names(3, policy_is_open=True)


def test_copies_are_compared_where_publishers_use_both_ways() -> None:
    by_step = {goal.name: "copies" in names(step) for step, (_, goal) in enumerate(STEPS)}
    assert [name for name, asked in by_step.items() if asked] == ["direct channels"]


def test_the_old_server_has_to_be_empty_before_publishers_leave_it() -> None:
    by_step = [goal.name for step, (_, goal) in enumerate(STEPS) if "old-sockets" in names(step)]
    assert by_step == ["direct both", "direct channels", "retired"]


def test_a_gate_that_is_off_is_not_asked() -> None:
    assert "latency" not in names(3, off={"latency"})


def test_only_gates_that_there_are_can_be_off() -> None:
    assert checked_names(["parity"]) == {"parity"}
    with pytest.raises(ConfigError, match="no built-in gate 'partiy'"):
        checked_names(["partiy"])
