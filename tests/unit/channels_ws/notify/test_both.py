"""The backend ``both``: the broker counts, the layer is only compared with it."""

from __future__ import annotations

import logging

import pytest

from channels_ws.notify.publication import Publication
from channels_ws.notify.publishers import BothPublisher
from wsmigrate.errors import UnavailableError

PUBLICATION = Publication("room", '"text"', "id")


class Somewhere:
    def __init__(self, error: Exception | None = None) -> None:
        self.published: list[Publication] = []
        self._error = error

    def publish(self, publication: Publication) -> None:
        if self._error:
            raise self._error
        self.published.append(publication)


def test_both_get_the_same_message_with_the_same_id() -> None:
    broker, layer = Somewhere(), Somewhere()
    BothPublisher(broker, layer).publish(PUBLICATION)
    assert broker.published == layer.published == [PUBLICATION]


def test_a_layer_that_fails_is_told_in_the_log_and_to_nobody_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    broker = Somewhere()
    with caplog.at_level(logging.WARNING):
        BothPublisher(broker, Somewhere(UnavailableError("away"))).publish(PUBLICATION)
    assert broker.published == [PUBLICATION]
    assert "Only RabbitMQ has the message id" in caplog.text
    assert "text" not in caplog.text


def test_what_the_broker_does_not_take_is_published_nowhere() -> None:
    layer = Somewhere()
    with pytest.raises(UnavailableError):
        BothPublisher(Somewhere(UnavailableError("away")), layer).publish(PUBLICATION)
    assert layer.published == []
