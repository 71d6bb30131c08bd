"""Where a run stands, and how that is written down."""

from __future__ import annotations

import json

import pytest

from wsmigrate.errors import ConfigError
from wsmigrate.run_place import Phase, Place, place_of_record, record_of_place
from wsmigrate.run_plan import PlanStep, RunPlan

PLAN = RunPlan(
    (
        PlanStep("door", bake_s=10, before=("a", "b")),
        PlanStep("shadow", rollback_to="legacy"),
    ),
    "autumn",
)


def phases(place: Place) -> list[tuple[int, Phase]]:
    found = [(place.index, place.phase)]
    while not place.has_ended:
        place = place.after()
        found.append((place.index, place.phase))
    return found


def test_each_step_goes_through_its_phases() -> None:
    step = [Phase.BEFORE, Phase.CLIMB, Phase.AFTER, Phase.BAKE]
    assert phases(Place(PLAN)) == [
        *((0, phase) for phase in step),
        *((1, phase) for phase in step),
        (1, Phase.DONE),
    ]


def test_a_bake_is_over_when_its_seconds_are_used_up() -> None:
    place = Place(PLAN, phase=Phase.BAKE).baked(4).baked(5)
    assert place.bake_left_s == 1
    assert place.baked(3).bake_left_s == 0


def test_a_failure_leads_to_where_the_last_step_began() -> None:
    place = Place(PLAN).begun("legacy").begun("door")
    assert place.failing("no").undo_to == "legacy"
    assert place.not_begun("no").undo_to == ""


def test_or_to_where_the_plan_says() -> None:
    place = Place(PLAN, index=1, began="door", began_step=0)
    assert place.failing("no").undo_to == "legacy"
    assert place.not_begun("no").undo_to == "legacy"


@pytest.mark.parametrize(
    "place",
    [
        Place(PLAN),
        Place(PLAN, 1, Phase.BAKE, 3.25, "door", 1),
        Place(PLAN, 1, Phase.UNDO, 0.0, "door", 1, "legacy", "it was too slow"),
    ],
)
def test_it_is_read_as_it_was_written(place: Place) -> None:
    assert place_of_record(json.loads(json.dumps(record_of_place(place)))) == place


def test_nothing_is_no_run() -> None:
    assert place_of_record({}) is None


def test_a_newer_format_is_refused() -> None:
    with pytest.raises(ConfigError, match="format 2"):
        place_of_record({**record_of_place(Place(PLAN)), "format": 2})
