from __future__ import annotations

from bridge.poison import PoisonWatch


def test_one_break_is_suspicious_and_five_in_a_row_convince() -> None:
    watch = PoisonWatch()
    assert not watch.suspicious
    watch.broke()
    assert watch.suspicious
    assert not watch.convinced
    for _ in range(4):
        watch.broke()
    assert watch.convinced


def test_a_session_that_got_further_clears_the_suspicion() -> None:
    watch = PoisonWatch()
    for _ in range(4):
        watch.broke()
    watch.went_on()
    watch.broke()
    assert not watch.convinced
