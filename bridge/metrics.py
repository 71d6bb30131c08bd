"""The figures of a bridge, for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from bridge.figures import BATCH_SIZES, Figures, InboxFigures, InboxState
from bridge.health import BridgeHealth

_COUNTERS: tuple[tuple[str, str, Callable[[InboxFigures], int]], ...] = (
    ("read", "Messages that the broker delivered.", lambda one: one.read),
    ("relayed", "Messages that went into the layer.", lambda one: one.relayed),
    (
        "redelivered",
        "Messages that were delivered again after a session had broken.",
        lambda one: one.redelivered,
    ),
    (
        "already_relayed",
        "Messages that were skipped because the cursor says that the layer has them.",
        lambda one: one.already_relayed,
    ),
    (
        "marked",
        "Messages that were skipped because the reverse relay had published them.",
        lambda one: one.marked,
    ),
    (
        "missed",
        "Messages, at most, that the inbox did not keep until they were relayed.",
        lambda one: one.missed,
    ),
    ("gaps", "How often messages were missing.", lambda one: one.gaps),
    ("sessions", "Connections to the broker that were begun.", lambda one: one.sessions),
    (
        "layer_failures",
        "Tries of a batch that the layer did not take.",
        lambda one: one.layer_failures,
    ),
)
_PREFIX = "wsmigrate_bridge"


class BridgeMetrics(Collector):
    """Reads the figures when they are asked for: nothing of it costs a message anything.

    Counters begin at 0 with the process. ``inbox`` is the only label that names anything, and there
    is a fixed number of inboxes.
    """

    def __init__(self, figures: Figures, health: Callable[[], BridgeHealth]) -> None:
        self._figures = figures
        self._health = health
        self.registry = CollectorRegistry()
        self.registry.register(self)
        ProcessCollector(registry=self.registry)  # memory, processor time, open files

    def exposition(self) -> bytes:
        """All figures as they are now, in the text format of Prometheus."""
        return generate_latest(self.registry)

    def describe(self) -> Iterable[Metric]:
        """Nothing is asked for while the registry is made."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """As Collector."""
        inboxes = sorted(self._figures.inboxes.items())
        for name, what, value in _COUNTERS:
            counter = CounterMetricFamily(f"{_PREFIX}_{name}", what, labels=["inbox"])
            for inbox, one in inboxes:
                counter.add_metric([inbox], value(one))
            yield counter
        yield _dead_letters(inboxes)
        yield _batches(inboxes)
        yield from _gauges(inboxes, self._health())


def _dead_letters(inboxes: list[tuple[str, InboxFigures]]) -> Metric:
    counter = CounterMetricFamily(
        f"{_PREFIX}_dead_lettered",
        "Messages that could not be relayed, by reason.",
        labels=["inbox", "reason"],
    )
    for inbox, one in inboxes:
        for reason, count in sorted(one.dead.items()):
            counter.add_metric([inbox, reason], count)
    return counter


def _batches(inboxes: list[tuple[str, InboxFigures]]) -> Metric:
    histogram = HistogramMetricFamily(
        f"{_PREFIX}_batch_size",
        "Messages that went into the layer in one transaction.",
        labels=["inbox"],
    )
    for inbox, one in inboxes:
        so_far, buckets = 0, []
        for bound in BATCH_SIZES:
            so_far += one.batches[bound]
            buckets.append((str(bound), float(so_far)))
        buckets.append(("+Inf", float(so_far + one.batches[0])))
        histogram.add_metric([inbox], buckets, sum_value=one.batched)
    return histogram


def _gauges(inboxes: list[tuple[str, InboxFigures]], health: BridgeHealth) -> Iterator[Metric]:
    held = [(inbox, one) for inbox, one in inboxes if one.held]
    now = time.time()
    yield _gauge(
        "lag_messages",
        "Messages that wait in the inbox, about; of the inboxes that are held.",
        {inbox: one.lag_messages for inbox, one in held},
    )
    yield _gauge(
        "lag_seconds",
        "The age of the oldest message that was read and is not in the layer yet.",
        {inbox: one.lag_s(now) for inbox, one in held},
    )
    yield _gauge(
        "bytes_in_hand",
        "Bytes of the messages that were read and are not in the layer yet.",
        {inbox: one.bytes_in_hand for inbox, one in held},
    )
    state = GaugeMetricFamily(
        f"{_PREFIX}_inbox_state",
        "1 for the state in which an inbox that is held stands.",
        labels=["inbox", "state"],
    )
    for inbox, one in held:
        for each in InboxState:
            state.add_metric([inbox, each.value], float(one.state is each))
    yield state
    for name, what, value in (
        ("leases_held", "Leases that the process holds.", len(health.held)),
        ("leases_share", "Leases that it ought to hold.", health.share),
        ("bridges", "Bridges that share the inboxes.", health.bridges),
        ("ready", "1 where /readyz says so.", int(not health.reasons)),
    ):
        yield GaugeMetricFamily(f"{_PREFIX}_{name}", what, value=value)


def _gauge(name: str, what: str, values: dict[str, float]) -> Metric:
    gauge = GaugeMetricFamily(f"{_PREFIX}_{name}", what, labels=["inbox"])
    for inbox, value in values.items():
        gauge.add_metric([inbox], value)
    return gauge
