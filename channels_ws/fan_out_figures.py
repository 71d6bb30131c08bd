"""What is counted for every message: plain numbers, which Prometheus reads when it asks."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

LATENCY_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)


class FanOutFigures(Collector):
    """Frames, bytes and latencies. For one thread, that of the event loop which fans out.

    prometheus_client's own counters take a lock for each increment, and a message is three or four
    of them: a tenth of what a room of one socket costs.
    """

    def __init__(self) -> None:
        self.frames = 0
        self.bytes = 0
        self.latency_sum_s = 0.0
        self._latencies = [0] * (len(LATENCY_BUCKETS_S) + 1)

    def count(self, frames: int, size: int) -> None:
        """A message of ``size`` bytes was handed to so many sockets."""
        self.frames += frames
        self.bytes += frames * size

    def observe_latency(self, seconds: float) -> None:
        """So long after it was published a message was handed to the sockets of its room."""
        self._latencies[bisect_left(LATENCY_BUCKETS_S, seconds)] += 1
        self.latency_sum_s += seconds

    def collect(self) -> Iterator[Metric]:
        """The figures as they are now."""
        yield CounterMetricFamily(
            "wsmigrate_frames_sent", "Data frames handed to sockets.", value=self.frames
        )
        yield CounterMetricFamily(
            "wsmigrate_bytes_sent", "Bytes of payload in these frames.", value=self.bytes
        )
        yield HistogramMetricFamily(
            "wsmigrate_publish_to_send_seconds",
            "From the publisher to the sockets of the room, by the clocks of both machines.",
            buckets=self._cumulated(),
            sum_value=self.latency_sum_s,
        )

    def _cumulated(self) -> list[tuple[str, float]]:
        buckets, total = [], 0
        for bound, number in zip((*LATENCY_BUCKETS_S, float("inf")), self._latencies):
            total += number
            buckets.append((_told(bound), float(total)))
        return buckets


def _told(bound: float) -> str:
    return "+Inf" if bound == float("inf") else str(float(bound))
