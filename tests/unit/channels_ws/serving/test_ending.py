import pytest

from channels_ws.serving.ending import Ending
from wsmigrate.errors import ConfigError


@pytest.mark.parametrize("within_s", [1.0, 6.0, 25.0, 60.0, 3600.0])
def test_its_parts_fill_the_time_exactly(within_s: float) -> None:
    ending = Ending(100, within_s, drain_delay_s=within_s / 10)
    parts = ending.drain_delay_s + ending.closing_s + ending.goodbye_s + ending.leaving_s
    assert parts == pytest.approx(within_s)
    assert ending.connections_gone_at_s == pytest.approx(within_s - ending.leaving_s)


def test_a_long_end_keeps_seconds_for_goodbyes_and_not_minutes() -> None:
    ending = Ending(100, within_s=600)
    assert (ending.goodbye_s, ending.leaving_s) == (5, 5)


def test_time_to_close_sockets_is_left_after_the_longest_delay_that_is_allowed() -> None:
    assert Ending(100, within_s=10, drain_delay_s=5).closing_s > 0


def test_a_delay_that_leaves_too_little_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"5\.1 s"):
        Ending(100, within_s=10, drain_delay_s=5.1)


@pytest.mark.parametrize("values", [(0, 10, 0), (-1, 10, 0), (10, 0, 0), (10, 10, -1)])
def test_what_cannot_be_is_refused(values: tuple[float, float, float]) -> None:
    with pytest.raises(ConfigError):
        Ending(*values)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 1e300])
@pytest.mark.parametrize("place", range(3))
def test_what_no_timer_can_count_is_refused(place: int, number: float) -> None:
    values = [100.0, 60.0, 3.0]
    values[place] = number
    if (place, number) == (0, 1e300):
        assert Ending(*values).per_second == number  # all at once
    else:
        with pytest.raises(ConfigError):
            Ending(*values)
