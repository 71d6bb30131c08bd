import pytest

from wsmigrate.returns import Returns

ALWAYS = float("-inf")


def known(usual: float = 5.0) -> Returns:
    returns = Returns()
    for number in range(20):
        returns.came(left_at=number, now=number + usual)
    return returns


def test_clients_that_take_as_long_as_the_first_ones_are_not_late():
    returns = known()
    returns.came(30.0, 35.0, count=50)
    assert returns.late_by(ALWAYS) == 0


def test_clients_that_take_longer_than_the_first_ones_are_late_by_the_difference():
    returns = known()
    returns.came(30.0, 37.5, count=50)
    assert returns.late_by(ALWAYS) == pytest.approx(2.5)


def test_a_few_that_take_long_do_not_make_the_others_late():
    returns = known()
    returns.came(30.0, 35.0, count=16)
    returns.came(30.0, 90.0, count=4)
    assert returns.late_by(ALWAYS) == 0


def test_where_front_ends_wait_for_any_time_nobody_is_late_who_waits_no_longer_than_most_did():
    returns = Returns()
    for number in range(20):
        returns.came(0.0, float(number))
    returns.came(20.0, 37.0, count=50)
    assert returns.late_by(ALWAYS) == 0
    returns.came(20.0, 50.0, count=50)
    assert returns.late_by(ALWAYS) == pytest.approx(30 - 17.9)


def test_it_tells_nothing_before_it_knows_how_long_the_first_ones_take():
    returns = Returns()
    returns.came(0.0, 5.0, count=19)
    assert returns.late_by(ALWAYS) is None


def test_it_waits_for_twenty():
    returns = known()
    returns.came(30.0, 40.0, count=19)
    assert returns.late_by(ALWAYS) is None
    returns.came(30.0, 40.0)
    assert returns.late_by(ALWAYS) == pytest.approx(5)


def test_nobody_is_told_of_twice():
    returns = known()
    returns.came(30.0, 40.0, count=20)
    assert returns.late_by(ALWAYS) == pytest.approx(5)
    returns.came(40.0, 45.0, count=20)
    assert returns.late_by(ALWAYS) == 0


def test_those_that_left_earlier_do_not_count():
    returns = known()
    returns.came(30.0, 40.0, count=50)
    returns.came(36.0, 42.0, count=20)
    assert returns.late_by(left_after=35.0) == pytest.approx(1)
