"""What a plan may say, and what is said of mistakes in it."""

from __future__ import annotations

from typing import Any

import pytest

from wsmigrate.errors import ConfigError
from wsmigrate.run_plan import RunPlan, duration, run_plan_of
from wsmigrate.rungs import ladder

RUNGS = ladder((5, 50))


def plan(document: dict[str, Any]) -> RunPlan:
    return run_plan_of(document, RUNGS, "plan.toml")


def test_a_step_takes_what_the_plan_says_of_all_unless_it_says_otherwise() -> None:
    found = plan(
        {
            "plan": {"name": "autumn", "bake": "30m", "rollback_to": "legacy"},
            "steps": [{"to": "door"}, {"to": "canary-5", "bake": 90, "rollback_to": "shadow"}],
        }
    )
    assert found.name == "autumn"
    assert [step.to for step in found.steps] == ["door", "canary 5"]
    assert [step.bake_s for step in found.steps] == [1800.0, 90.0]
    assert [step.rollback_to for step in found.steps] == ["legacy", "shadow"]


def test_a_stage_stands_for_its_last_rung() -> None:
    steps = plan({"steps": [{"to": "canary"}, {"to": "direct"}]}).steps
    assert [step.to for step in steps] == ["canary 50", "direct channels"]


def test_programs_are_lists_of_words() -> None:
    step = plan({"steps": [{"to": "door", "before": ["/bin/announce", "door"]}]}).steps[0]
    assert (step.before, step.after) == (("/bin/announce", "door"), ())


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "plan.toml has no steps"),
        ({"steps": []}, "plan.toml has no steps"),
        ({"steps": "door"}, "plan.toml has no steps"),
        ({"plan": 1, "steps": [{"to": "door"}]}, "'plan' has to be a table"),
        ({"step": [{"to": "door"}]}, "keys that are not known: step"),
        ({"plan": {"bakes": 1}, "steps": [{"to": "door"}]}, r"\[plan\] has keys .* bakes"),
        ({"steps": [{}]}, "step 1 does not say to which stage"),
        ({"steps": [{"to": "heaven"}]}, "step 1: to is 'heaven', and has to be one of: legacy"),
        ({"steps": [{"to": "canary 6"}]}, "canary 5, canary 50"),
        ({"steps": [{"to": 5}]}, "has to be a text"),
        ({"steps": [{"to": "shadow"}, {"to": "door"}]}, "step 2: 'door' does not come after"),
        ({"steps": [{"to": "door"}, {"to": "door"}]}, "step 2: 'door' does not come after"),
        ({"steps": [{"to": "door", "bake": "soon"}]}, "bake is 'soon'"),
        ({"steps": [{"to": "door", "bake": -1}]}, "between 0 and 30 days"),
        ({"steps": [{"to": "door", "bake": True}]}, "bake is True"),
        ({"steps": [{"to": "door", "bake": ""}]}, "bake is ''"),
        ({"steps": [{"to": "door", "bake": float("nan")}]}, "between 0 and 30 days"),
        ({"steps": [{"to": "door", "after": "reboot"}]}, "a list of words"),
        ({"steps": [{"to": "door", "rollback_to": "drain"}]}, "earlier than 'door'"),
        ({"steps": [{"to": "door", "rollback": "legacy"}]}, "not known: rollback"),
        ({"plan": {"check_every": 0}, "steps": [{"to": "door"}]}, "above 0"),
    ],
)
def test_a_mistake_is_named_with_its_place(document: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        plan(document)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (45, "45s"), (90, "1m30s"), (3600, "1h"), (5400, "1h30m")]
)
def test_durations_are_written_as_they_are_read(seconds: int, text: str) -> None:
    assert duration(seconds) == text
    step = plan({"steps": [{"to": "door", "bake": text}]}).steps[0]
    assert step.bake_s == seconds
