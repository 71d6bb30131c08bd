"""Plain numbers, as Prometheus reads them."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from channels_ws.fan_out_figures import FanOutFigures


@pytest.fixture
def figures() -> FanOutFigures:
    return FanOutFigures()


def read(figures: FanOutFigures, name: str, **labels: str) -> float | None:
    registry = CollectorRegistry()
    registry.register(figures)
    return registry.get_sample_value(name, labels)


def test_they_begin_at_0(figures: FanOutFigures) -> None:
    assert read(figures, "wsmigrate_frames_sent_total") == 0
    assert read(figures, "wsmigrate_bytes_sent_total") == 0
    assert read(figures, "wsmigrate_publish_to_send_seconds_count") == 0


def test_a_message_counts_once_for_each_socket(figures: FanOutFigures) -> None:
    figures.count(3, 100)
    figures.count(0, 100)
    figures.count(2, 7)
    assert read(figures, "wsmigrate_frames_sent_total") == 5
    assert read(figures, "wsmigrate_bytes_sent_total") == 314


def test_a_latency_counts_in_its_bucket_and_in_all_above(figures: FanOutFigures) -> None:
    for seconds in (0.0, 0.001, 0.002, 0.3, 100.0):
        figures.observe_latency(seconds)
    name = "wsmigrate_publish_to_send_seconds_bucket"
    told = {bound: read(figures, name, le=bound) for bound in ("0.001", "0.0025", "0.5", "60.0")}
    assert told == {"0.001": 2, "0.0025": 3, "0.5": 4, "60.0": 4}
    assert read(figures, name, le="+Inf") == 5
    assert read(figures, "wsmigrate_publish_to_send_seconds_count") == 5
    assert read(figures, "wsmigrate_publish_to_send_seconds_sum") == pytest.approx(100.303)
