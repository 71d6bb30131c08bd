"""Which faults are due, and what is said of those that did not happen."""

import contextlib
from types import SimpleNamespace
from typing import Any

import pytest

from dev_stack.rehearsal.course import Step
from dev_stack.rehearsal.faults import Faults, Happened
from dev_stack.rehearsal.scenario import Fault, scenario_of
from wsmigrate.rungs import ladder

RUNGS = {rung.name: rung for rung in ladder((50, 100))}
DOOR, SHADOW = Step(RUNGS["door"]), Step(RUNGS["shadow"])
BACK = Step(RUNGS["door"], back=True)


class Site:
    """An operator whose command runs, or not, and parts that all run."""

    def __init__(self, running: bool = True) -> None:
        self.failing: set[str] = set()
        self.operator = SimpleNamespace(kill=lambda: running)
        self.stack = SimpleNamespace(supervisor=SimpleNamespace(all_ready=lambda: True))


def faults_of(*faults: dict[str, object], running: bool = True) -> Faults:
    site: Any = Site(running)
    return Faults(scenario_of({"fault": list(faults)}, "f.toml"), site, lambda _: None)


def take(faults: Faults, number: int, step: Step) -> None:
    faults.begin(number, step)
    faults.end()
    faults.rest(step)


KILL: dict[str, object] = {"at": "door", "moment": "step", "do": "kill", "what": "operator"}


def test_a_fault_happens_at_the_first_occasion_and_never_again():
    faults = faults_of(KILL)
    for number, step in enumerate((DOOR, BACK, DOOR)):
        take(faults, number, step)
    assert [(one.step, one.landed) for one in faults.happened] == [(0, True)]
    assert faults.never_happened() == []


def test_a_kill_that_comes_too_late_has_not_happened():
    faults = faults_of(KILL, running=False)
    take(faults, 0, DOOR)
    assert faults.never_happened() == ["kill operator: 0 s into the step to door"]


def test_a_fault_of_every_step_has_to_happen_in_each():
    faults = faults_of({**KILL, "at": "every"})
    take(faults, 0, DOOR)
    faults.site.operator.kill = lambda: False
    take(faults, 1, SHADOW)
    assert [(one.step, one.landed) for one in faults.happened] == [(0, True), (1, False)]
    assert faults.never_happened() == [
        "kill operator: 0 s into the step to every, in the step shadow"
    ]


class AuditLog:
    """What was begun in each step; a watcher that sees all of it, or none."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *steps: list[str], seen: bool = True):
        remaining = iter(steps)

        def last_entry(_faults: Faults, _connection: object = None) -> int:
            self.begun = next(remaining)
            return 0

        def watch(faults: Faults, fault: Fault) -> None:
            for command in self.begun if seen else []:
                faults._command_begun(fault, command)

        monkeypatch.setattr(Faults, "_last_entry", last_entry)
        monkeypatch.setattr(Faults, "_watch", watch)
        monkeypatch.setattr(Faults, "_connected", lambda _faults: contextlib.nullcontext())
        monkeypatch.setattr(
            Faults, "_begun", lambda *_: [(number, word) for number, word in enumerate(self.begun)]
        )


def test_a_step_without_commands_is_no_occasion_to_kill_one(monkeypatch: pytest.MonkeyPatch):
    AuditLog(monkeypatch, ["open-door"], [])
    faults = faults_of({**KILL, "at": "every", "moment": "command"})
    take(faults, 0, DOOR)
    take(faults, 1, SHADOW)
    assert [(one.step, one.command) for one in faults.happened] == [(0, "open-door")]
    assert faults.never_happened() == []


def test_a_command_that_ended_before_its_kill_is_one(monkeypatch: pytest.MonkeyPatch):
    AuditLog(monkeypatch, ["open-door"], ["start-bridge"])
    faults = faults_of({**KILL, "at": "every", "moment": "command"})
    take(faults, 0, DOOR)
    faults.site.operator.kill = lambda: False
    take(faults, 1, SHADOW)
    assert faults.never_happened() == [f"{faults.scenario.faults[0].sentence}, in the step shadow"]


def test_a_command_that_the_watcher_did_not_see_is_one(monkeypatch: pytest.MonkeyPatch):
    AuditLog(monkeypatch, ["open-door"], seen=False)
    faults = faults_of({**KILL, "at": "every", "moment": "command"})
    take(faults, 0, DOOR)
    assert faults.never_happened() == [faults.scenario.faults[0].sentence]
    faults.happened.append(Happened(faults.scenario.faults[0], step=9, at=0.0, landed=True))
    assert faults.never_happened() == [f"{faults.scenario.faults[0].sentence}, in the step door"]


def test_where_there_never_was_a_command_the_kill_never_happened(monkeypatch: pytest.MonkeyPatch):
    AuditLog(monkeypatch, [])
    faults = faults_of({**KILL, "at": "every", "moment": "command"})
    take(faults, 0, DOOR)
    assert faults.never_happened() == [faults.scenario.faults[0].sentence]


def test_a_hook_or_a_gate_that_was_to_fail_and_was_not_asked_has_not_happened():
    hook = {"at": "door", "moment": "step", "do": "fail-hook", "what": "open-door"}
    faults = faults_of(hook, {"at": "shadow", "moment": "step", "do": "fail-gate"})
    take(faults, 0, DOOR)
    faults.begin(1, SHADOW)
    for thread in list(faults._threads):
        thread.join()
    faults.site.failing.discard("gate")  # it was asked, and failed
    faults.end()
    assert faults.never_happened() == ["fail-hook open-door: 0 s into the step to door"]
    assert faults.site.failing == set()


@pytest.mark.parametrize(("step", "happens"), [(DOOR, False), (BACK, True)])
def test_a_fault_of_the_way_back_is_not_one_of_the_way_there(step: Step, happens: bool):
    faults = faults_of({**KILL, "direction": "back"})
    take(faults, 0, step)
    assert bool(faults.happened) is happens


def test_what_the_operator_does_about_a_killed_command_stands_in_the_scenario():
    faults = faults_of({**KILL, "then": "abort"})
    assert faults.recovery() == "resume"
    take(faults, 0, DOOR)
    assert faults.recovery() == "abort"
