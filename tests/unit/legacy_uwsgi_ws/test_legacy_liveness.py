from __future__ import annotations

import pytest

from legacy_uwsgi_ws.liveness import Due, Liveness


@pytest.fixture
def liveness():
    return Liveness(keepalive_s=30, grace_s=10, heard_at=100)


def test_nothing_is_due_before_the_keepalive(liveness):
    assert liveness.due(129.9) is Due.NOTHING


def test_a_ping_is_due_at_the_keepalive_and_never_a_hair_before(liveness):
    assert liveness.due(130.0) is Due.NOTHING
    assert liveness.due(130.1) is Due.PING


def test_a_client_that_answers_is_pinged_again_a_keepalive_later(liveness):
    liveness.pinged(131)
    liveness.heard(132)
    assert liveness.due(161) is Due.NOTHING
    assert liveness.due(162.1) is Due.PING


def test_a_client_that_stays_silent_is_given_up_after_the_grace(liveness):
    liveness.pinged(131)
    assert liveness.due(140.9) is Due.NOTHING
    assert liveness.due(141) is Due.GIVE_UP


def test_anything_that_comes_is_a_sign_of_life(liveness):
    liveness.heard(120)
    assert liveness.due(131) is Due.NOTHING


def test_the_time_left_leads_to_the_next_thing_that_is_due(liveness):
    assert liveness.due(100 + liveness.seconds_left(100) + 0.001) is Due.PING
    liveness.pinged(131)
    assert liveness.due(131 + liveness.seconds_left(131)) is Due.GIVE_UP


def test_the_time_left_is_never_negative(liveness):
    assert liveness.seconds_left(1000) == 0
