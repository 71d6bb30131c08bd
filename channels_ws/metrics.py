"""What a server process counts, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from channels_ws.fan_out_figures import FanOutFigures

CONTENT_TYPE = CONTENT_TYPE_LATEST
"""The media type of ``Metrics.exposition``."""


class Metrics:
    """The figures of one RoomServer, in a registry of their own: two servers in one process, as in
    tests, do not count into one another.

    Every counter begins at 0 with the process. Those with a label take it as
    ``metrics.events_dropped.labels(reason="duplicate").inc()``; a label never holds what clients
    choose (a room, a path, an address), because each new value stays in memory. What is counted
    for every message is apart, in ``fan_out``.
    """

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self.sockets = Gauge("wsmigrate_sockets", "Open sockets.", registry=registry)
        self.rooms = Gauge(
            "wsmigrate_rooms",
            "Live rooms: with a socket, or within the linger after their last.",
            registry=registry,
        )
        self.fan_out = FanOutFigures()
        registry.register(self.fan_out)
        self.sockets_opened = Counter(
            "wsmigrate_sockets_opened",
            "Sockets that were let in: to rooms of the site, or to synthetic ones of the gates.",
            ["rooms"],
            registry=registry,
        )
        self.sockets_closed = Counter(
            "wsmigrate_sockets_closed",
            "Sockets that the server closed, by the name of the close code.",
            ["reason"],
            registry=registry,
        )
        self.handshakes_refused = Counter(
            "wsmigrate_handshakes_refused",
            "Handshakes that were refused, by reason.",
            ["reason"],
            registry=registry,
        )
        self.would_refuse = Counter(
            "wsmigrate_would_refuse",
            "Handshakes that were let in by a policy which only reports, by reason.",
            ["reason"],
            registry=registry,
        )
        self.events_dropped = Counter(
            "wsmigrate_events_dropped",
            "Layer events that went to no socket: duplicate, copy, no-room, not-ours.",
            ["reason"],
            registry=registry,
        )
        self.copies = Counter(
            "wsmigrate_copies",
            "Messages that were published to both: which copy came first, or what was wrong.",
            ["outcome"],
            registry=registry,
        )
        self.layer_reconnects = Counter(
            "wsmigrate_layer_reconnects",
            "How often the link to the channel layer was made anew.",
            registry=registry,
        )
        self.inbound = Counter(
            "wsmigrate_inbound",
            "Messages from clients, by outcome.",
            ["outcome"],
            registry=registry,
        )
        self.token_expired = Counter(
            "wsmigrate_token_expired",
            "Sockets that ended because their token expired.",
            registry=registry,
        )
        ProcessCollector(registry=registry)  # memory, processor time, open files

    def counts(self) -> dict[str, dict[str, float]]:
        """What is told to the gates of the cutover: counts since the start, by their label."""
        return {
            "opened": _by_label(self.sockets_opened),
            "closed": _by_label(self.sockets_closed),
            "refused": _by_label(self.handshakes_refused),
            "would_refuse": _by_label(self.would_refuse),
        }

    def exposition(self) -> bytes:
        """All figures as they are now, in the text format of Prometheus."""
        return generate_latest(self.registry)


def _by_label(counter: Counter) -> dict[str, float]:
    """The counts of a counter that has one label."""
    return {
        "".join(sample.labels.values()): sample.value
        for metric in counter.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
    }
