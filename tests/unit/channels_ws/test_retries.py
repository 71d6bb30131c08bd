"""When a broker that cannot be used is tried again, and what is said of it."""

from __future__ import annotations

from channels_ws.retries import Retries
from wsmigrate.amqp import AmqpClosedError
from wsmigrate.errors import ConfigError

AWAY = AmqpClosedError("AMQPConnectionError")


class Refusal:
    """What pika says where the broker has closed a connection."""

    reply_code = 403


REFUSED = AmqpClosedError(Refusal())


def pauses(*errors: Exception) -> list[float]:
    retries = Retries()
    found = []
    for error in errors:
        retries.failed(error)
        found.append(retries.pause_s)
    return found


def test_a_broker_that_is_away_is_tried_twice_a_second() -> None:
    assert pauses(*[AWAY] * 5) == [0.2, 0.4, 0.5, 0.5, 0.5]


def test_one_that_refuses_is_tried_ever_more_rarely() -> None:
    assert pauses(*[REFUSED] * 7) == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert pauses(*[ConfigError("another site's")] * 6)[-1] == 5.0


def test_once_it_is_only_away_it_is_tried_soon_again() -> None:
    assert pauses(*[REFUSED] * 6, AWAY)[-1] == 0.5


def test_after_a_connection_that_worked_it_begins_anew() -> None:
    retries = Retries()
    for _ in range(4):
        retries.failed(AWAY)
    retries.worked()
    assert retries.pause_s == 0.2
    retries.failed(AWAY)
    assert (retries.pause_s, retries.is_news) == (0.2, True)


def test_the_same_failure_is_said_ever_more_rarely_and_another_one_at_once() -> None:
    retries = Retries()
    said = []
    for number, error in enumerate([*[AWAY] * 20, REFUSED, AWAY], 1):
        retries.failed(error)
        if retries.is_news:
            said.append(number)
    assert said == [1, 2, 4, 8, 16, 21, 22]
