import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsmigrate.draining import Limits, Mood, Pacing, Reading
from wsmigrate.errors import ConfigError

GOOD = Reading(connects=0, errors=0, latency_ms=5.0)


def drain(pacing: Pacing, seconds: float, back_after_s: float | None, sockets: int = 10**9):
    """Drive a pacing for some seconds; clients come back after a while, or never (None)."""
    step, closed, back = 0.05, 0, 0
    returning: list[float] = []
    for tick in range(int(seconds / step) + 1):
        now = tick * step
        back += len([at for at in returning if at <= now])
        returning = [at for at in returning if at > now]
        pacing.observe(now, Reading(connects=back, errors=0, latency_ms=5.0))
        due = min(pacing.may_close(now), sockets - closed)
        pacing.closed(now, due)
        closed += due
        if back_after_s is not None:
            returning += [now + back_after_s] * due
    return closed


def test_the_rate_is_kept():
    closed = drain(Pacing(Limits(per_second=40, in_flight=1000)), 10, back_after_s=0.2)
    assert 380 <= closed <= 441


def test_no_more_than_so_many_are_on_their_way_back():
    pacing = Pacing(Limits(per_second=1000, in_flight=7))
    assert drain(pacing, 5, back_after_s=1.0) < 7 * 6
    assert pacing.most_in_flight == 7


def test_clients_that_do_not_come_back_are_counted_and_waited_for_no_longer():
    pacing = Pacing(Limits(per_second=1000, in_flight=5, back_within_s=2.0))
    assert drain(pacing, 9, back_after_s=None) == 5 * 5
    assert pacing.not_seen_back == 5 * 4


def test_a_client_whose_handshake_is_not_answered_is_still_on_its_way():
    pacing = Pacing(Limits(per_second=1000, in_flight=7, back_within_s=60))
    pacing.observe(0.0, Reading(connects=0, errors=0, latency_ms=5.0, answered=0))
    pacing.closed(0.0, 7)
    pacing.observe(1.0, Reading(connects=7, errors=0, latency_ms=5.0, answered=2))
    assert pacing.in_flight == 5


def test_nothing_is_closed_before_a_debt_is_paid():
    pacing = Pacing(Limits(per_second=10, in_flight=1000))
    assert pacing.may_close(0.0, smallest=50) == 50  # a process with all of its sockets
    pacing.closed(0.0, 50)
    assert pacing.may_close(4.9) == 0
    assert pacing.may_close(5.1) == 1


def test_what_does_not_fit_in_flight_waits_until_nobody_is_on_the_way():
    pacing = Pacing(Limits(per_second=1000, in_flight=10, back_within_s=60))
    pacing.observe(0.0, GOOD)
    pacing.closed(0.0, 1)
    assert pacing.may_close(1.0, smallest=30) == 0
    pacing.observe(1.1, Reading(1, 0, 5.0))
    assert pacing.may_close(1.2, smallest=30) == 30


def windows(pacing: Pacing, readings: list[Reading]) -> list[Mood]:
    return [pacing.observe(1.1 * number, one).mood for number, one in enumerate(readings)]


def test_errors_of_the_other_server_slow_it_down_and_then_stop_it():
    pacing = Pacing(Limits())
    moods = windows(pacing, [Reading(0, 0, 1), Reading(100, 5, 1), Reading(200, 60, 1)])
    assert moods == [Mood.STEADY, Mood.SLOWED, Mood.STOPPED]
    assert "55 connects in vain" in pacing.verdict.reason
    assert pacing.may_close(100.0) == 0


def test_slow_answers_slow_it_down_and_then_stop_it():
    pacing = Pacing(Limits())
    moods = windows(pacing, [Reading(0, 0, 1), Reading(0, 0, 900), Reading(0, 0, 9000)])
    assert moods == [Mood.STEADY, Mood.SLOWED, Mood.STOPPED]
    assert pacing.verdict.reason == "the other server takes 9000 ms to answer"


def drain_to_a_server_that_takes(per_second: float, pacing: Pacing, seconds: float):
    """Clients try again after 5 s, and the server takes one after the other; (how long each that
    came in the last ten seconds was away, how many a second came)."""
    step, now, free_at = 0.05, 0.0, 0.0
    waiting: list[tuple[float, float]] = []
    away: list[tuple[float, float]] = []
    while now < seconds:
        back = [one for one in waiting if one[1] <= now]
        away += [(at, at - left) for left, at in back]
        waiting = [one for one in waiting if one[1] > now]
        pacing.observe(now, Reading(connects=len(away), errors=0, latency_ms=5.0))
        due = pacing.may_close(now)
        pacing.closed(now, due)
        for _ in range(due):
            free_at = max(free_at, now + 5.0) + 1 / per_second
            waiting.append((now, free_at))
        now += step
    late = [took for at, took in away if at > seconds - 10]
    return late, len(late) / 10


def test_clients_that_come_back_ever_later_slow_it_down_to_what_the_other_server_takes():
    limits = Limits(per_second=40, in_flight=10_000, back_within_s=120)
    took, rate = drain_to_a_server_that_takes(10, Pacing(limits), 400)
    assert max(took) < 5 + 6  # without a look at it: two minutes
    assert 5 < rate < 11


def test_clients_that_come_back_in_their_time_do_not_slow_it_down():
    limits = Limits(per_second=40, in_flight=10_000)
    pacing = Pacing(limits)
    _, rate = drain_to_a_server_that_takes(1000, pacing, 60)
    assert rate == pytest.approx(40, abs=1)
    assert pacing.verdict.mood is Mood.STEADY


def clients_come_late() -> Pacing:
    """Twenty clients have come back after 5 s, and forty that left later after 8 s."""
    pacing = Pacing(Limits(per_second=100, in_flight=1000, back_within_s=60))
    pacing.closed(0.0, 20)
    pacing.closed(1.1, 40)
    pacing.observe(0.0, GOOD)
    pacing.observe(5.0, Reading(20, 0, 1))
    assert pacing.verdict.mood is Mood.STEADY
    pacing.observe(9.1, Reading(60, 0, 1))
    return pacing


def test_it_says_that_clients_come_back_late():
    pacing = clients_come_late()
    assert pacing.verdict.mood is Mood.SLOWED
    assert pacing.verdict.reason == "clients come back 3.0 s later than the first ones did"


def test_once_all_who_were_late_are_back_it_gets_faster_again():
    pacing = clients_come_late()
    assert pacing.rate == 50
    assert pacing.observe(10.2, Reading(60, 0, 1)).reason == "getting faster again"
    assert pacing.rate > 50


def test_a_drain_that_errors_stopped_goes_on_after_them_although_clients_were_late():
    pacing = clients_come_late()
    assert pacing.observe(10.2, Reading(60, 40, 1)).mood is Mood.STOPPED
    assert pacing.observe(12.0, Reading(60, 40, 1)).mood is Mood.SLOWED
    assert pacing.may_close(13.0) > 0


def test_it_gets_faster_again_step_by_step_once_all_is_well():
    pacing = Pacing(Limits(per_second=64))
    bad = [Reading(0, 0, 1), Reading(10, 10, 1), Reading(20, 20, 1)]
    windows(pacing, bad)
    assert pacing.rate == 0
    rates = []
    for number in range(3, 12):
        pacing.observe(1.1 * number, Reading(20, 20, 1))
        rates.append(pacing.rate)
    assert rates == sorted(rates)
    assert rates[0] < 64
    assert rates[-1] == 64


def test_what_cannot_be_known_stops_nothing_and_counts_nobody_as_back():
    pacing = Pacing(Limits(in_flight=3, per_second=100))
    pacing.observe(0.0, Reading(None, None, None))
    pacing.closed(0.0, 3)
    assert pacing.observe(2.0, Reading(None, None, None)).mood is Mood.STEADY
    assert pacing.in_flight == 3


def test_a_counter_that_begins_anew_is_a_restarted_door():
    pacing = Pacing(Limits(back_within_s=60))
    pacing.observe(0.0, Reading(500, 0, 1))
    pacing.closed(0.0, 10)
    pacing.observe(1.0, Reading(4, 0, 1))
    assert pacing.in_flight == 6


@pytest.mark.parametrize(
    "wrong",
    [
        {"per_second": 0},
        {"in_flight": 0},
        {"back_within_s": 0},
        {"per_second": float("inf")},
        {"back_within_s": float("nan")},
        {"errors_slow": 0.5},
        {"latency_slow_ms": 9999.0},
    ],
)
def test_limits_that_cannot_be_are_refused(wrong):
    with pytest.raises(ConfigError):
        Limits(**wrong)


@given(
    st.lists(
        st.tuples(st.floats(0, 2), st.integers(0, 50), st.integers(0, 50), st.floats(0, 9000)),
        max_size=60,
    )
)
def test_whatever_the_other_server_does_the_bounds_hold(steps):
    limits = Limits(per_second=20, in_flight=15)
    pacing, now, closed, connects, errors = Pacing(limits), 0.0, 0, 0, 0
    for passed, came, failed, latency in steps:
        now, connects, errors = now + passed, connects + came, errors + failed
        pacing.observe(now, Reading(connects, errors, latency))
        due = pacing.may_close(now)
        assert 0 <= due <= limits.in_flight - pacing.in_flight
        assert pacing.verdict.mood is not Mood.STOPPED or due == 0
        pacing.closed(now, due)
        closed += due
        assert closed <= limits.per_second * (now + 1) + 1
