import pytest

from dev_stack.rehearsal.scenario import Deed, Moment, scenario_named, scenario_of, shipped
from wsmigrate.errors import ConfigError
from wsmigrate.rungs import ladder

RUNGS = {rung.name: rung for rung in ladder((10, 50, 100))}


def fault(**values: object) -> dict[str, object]:
    return {"fault": [{"at": "canary", "do": "kill", "what": "bridge", **values}]}


@pytest.mark.parametrize("name", sorted(shipped()))
def test_each_scenario_that_comes_with_wsmigrate_can_be_read_and_does_something(name: str):
    scenario = scenario_named(name)
    assert scenario.faults
    for one in scenario.faults:
        known = [rung for rung in RUNGS.values() if one.is_at(rung, back=one.back)]
        assert known, f"{one.sentence} is at no step of the usual course"


def test_what_the_issue_of_rehearsals_names_comes_with_wsmigrate():
    deeds = {(one.deed, one.what) for name in shipped() for one in scenario_named(name).faults}
    assert {
        (Deed.KILL, "bridge"),
        (Deed.FREEZE, "bridge"),
        (Deed.RESTART, "postgres"),
        (Deed.RESTART, "rabbitmq"),
        (Deed.FAIL_GATE, ""),
        (Deed.KILL, "operator"),
        (Deed.END_CONNECTIONS, ""),
    } <= deeds


def test_a_fault_is_at_a_stage_at_a_step_of_one_or_at_every_step():
    (stage,) = scenario_of(fault(), "f.toml").faults
    (step,) = scenario_of(fault(at="canary-50"), "f.toml").faults
    (every,) = scenario_of(fault(at="every", direction="back"), "f.toml").faults
    ten, fifty, door = RUNGS["canary 10"], RUNGS["canary 50"], RUNGS["door"]
    assert [stage.is_at(rung, back=False) for rung in (ten, fifty, door)] == [True, True, False]
    assert [step.is_at(rung, back=False) for rung in (ten, fifty, door)] == [False, True, False]
    assert [every.is_at(rung, back=True) for rung in (ten, fifty, door)] == [True, True, True]
    assert not every.is_at(ten, back=False)


def test_what_is_left_out_is_as_usual():
    (one,) = scenario_of(fault(), "f.toml").faults
    assert (one.moment, one.after_s, one.then, one.back) == (Moment.RESTING, 0.0, "resume", False)


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ({"faults": []}, "faults"),
        ({"fault": {}}, "fault"),
        (fault(at="nowhere"), "at"),
        (fault(at="canary fifty"), "at"),
        (fault(do="bite"), "do"),
        (fault(what="kitchen"), "what"),
        (fault(moment="soon"), "moment"),
        (fault(after_s=-1), "after_s"),
        (fault(after_s="1"), "after_s"),
        (fault(command="move-sockets"), "command"),
        (fault(what="operator"), "moment"),
        (fault(do="restart", what="operator", moment="step"), "what"),
        (fault(do="end-connections"), "what"),
        (fault(do="fail-hook"), "what"),
        (fault(then="pray"), "then"),
        ({"limits": {"longest_gap": 3}}, "longest_gap"),
    ],
)
def test_what_cannot_be_is_named(document: dict[str, object], named: str):
    with pytest.raises(ConfigError, match=named):
        scenario_of(document, "f.toml")


def test_a_scenario_that_there_is_not_is_said_with_those_that_there_are():
    with pytest.raises(ConfigError, match="bridge-killed-in-canary"):
        scenario_named("no-such-thing")
