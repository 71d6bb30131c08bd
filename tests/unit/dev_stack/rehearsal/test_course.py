from dev_stack.rehearsal.course import course_of
from dev_stack.rehearsal.load import usual_load


def names(**more: object) -> list[str]:
    return [step.name for step in course_of(usual_load(2, 2, 1.0, **more))]


def test_the_usual_course_goes_back_once_from_each_stage_and_at_last_to_the_beginning():
    steps = names(percentages=(10, 100))
    assert steps == [
        *("door", "back to legacy", "door"),
        *("shadow", "back to door", "shadow"),
        *("canary 10", "canary 100", "back to shadow", "canary 10", "canary 100"),
        *("drain", "back to canary 100", "drain"),
        *("direct both", "direct channels", "back to drain", "direct both", "direct channels"),
        *("retired", "back to direct channels", "retired"),
        "back to legacy",
    ]


def test_without_rollbacks_it_goes_straight_up_and_stays_where_that_is_wanted():
    steps = names(percentages=(50,), rollbacks="none", back_to_legacy=False)
    assert steps == [
        *("door", "shadow", "canary 50", "drain", "direct both", "direct channels", "retired")
    ]
