"""Figures, and what the metrics, the status and readiness make of them."""

from __future__ import annotations

import json
import logging
from dataclasses import replace

import pytest

from bridge.admin import AdminEndpoints
from bridge.figures import Figures, InboxState
from bridge.health import BridgeHealth
from bridge.json_log import JsonFormatter
from bridge.metrics import BridgeMetrics

GOOD = BridgeHealth(
    is_ending=False,
    has_lease=True,
    reaches_broker=True,
    held=("inbox.0",),
    connecting=(),
    layer_away=(),
    share=1,
    bridges=2,
    beat_age_s=0.1,
)


def figures() -> Figures:
    found = Figures()
    one = found.of("inbox.0")
    one.held, one.state = True, InboxState.RELAYING
    one.read, one.relayed, one.already_relayed, one.in_hand = 10, 6, 1, 2
    one.dead["not-utf-8"] = 1
    one.oldest_at = 100.0
    for size in (1, 1, 4, 6000):
        one.count_batch(size)
    return found


def exposition(health: BridgeHealth = GOOD) -> list[str]:
    return BridgeMetrics(figures(), lambda: health).exposition().decode().splitlines()


def test_every_figure_is_a_metric() -> None:
    lines = exposition()
    for line in (
        'wsmigrate_bridge_read_total{inbox="inbox.0"} 10.0',
        'wsmigrate_bridge_relayed_total{inbox="inbox.0"} 6.0',
        'wsmigrate_bridge_already_relayed_total{inbox="inbox.0"} 1.0',
        'wsmigrate_bridge_dead_lettered_total{inbox="inbox.0",reason="not-utf-8"} 1.0',
        'wsmigrate_bridge_lag_messages{inbox="inbox.0"} 2.0',
        'wsmigrate_bridge_inbox_state{inbox="inbox.0",state="relaying"} 1.0',
        'wsmigrate_bridge_inbox_state{inbox="inbox.0",state="layer-away"} 0.0',
        "wsmigrate_bridge_leases_held 1.0",
        "wsmigrate_bridge_ready 1.0",
    ):
        assert line in lines


def test_batch_sizes_are_a_histogram_whose_buckets_add_up() -> None:
    lines = exposition()
    name = 'wsmigrate_bridge_batch_size_bucket{inbox="inbox.0",le='
    assert f'{name}"1"}} 2.0' in lines
    assert f'{name}"5"}} 3.0' in lines
    assert f'{name}"5000"}} 3.0' in lines
    assert f'{name}"+Inf"}} 4.0' in lines
    assert 'wsmigrate_bridge_batch_size_sum{inbox="inbox.0"} 6006.0' in lines


def test_the_lag_is_the_age_of_the_oldest_message_in_hand() -> None:
    one = figures().of("inbox.0")
    assert one.lag_s(102.5) == 2.5
    assert one.lag_s(99.0) == 0.0  # a publisher whose clock is ahead
    one.oldest_at = None
    assert one.lag_s(102.5) == 0.0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"is_ending": True}, "ending"),
        ({"has_lease": False}, "no-lease"),
        ({"reaches_broker": False}, "broker-away"),
        ({"connecting": ("inbox.0",)}, "connecting"),
        ({"held": ()}, "connecting"),
        ({"layer_away": ("inbox.0",)}, "layer-away"),
    ],
)
def test_each_reason_makes_it_not_ready_and_leaves_it_alive(
    change: dict[str, object], reason: str
) -> None:
    health = replace(GOOD, **change)  # type: ignore[arg-type]
    assert health.reasons == [reason]
    assert answer("/readyz", health)[0].startswith("503")
    assert answer("/healthz", health)[0].startswith("200")


def test_a_bridge_that_stands_by_is_ready() -> None:
    assert replace(GOOD, held=(), share=0).reasons == []


def test_a_bridge_that_is_stuck_is_not_alive() -> None:
    assert answer("/healthz", replace(GOOD, beat_age_s=31.0))[0].startswith("503")


def test_an_unknown_path_names_the_known_ones() -> None:
    status, body = answer("/nothing", GOOD)
    assert status.startswith("404")
    assert json.loads(body)["known"] == ["/healthz", "/readyz", "/metrics"]
    assert answer("/metrics", GOOD, method="POST")[0].startswith("405")


def answer(path: str, health: BridgeHealth, method: str = "GET") -> tuple[str, bytes]:
    endpoints = AdminEndpoints(BridgeMetrics(figures(), lambda: health), lambda: health)
    statuses: list[str] = []
    body = endpoints(
        {"REQUEST_METHOD": method, "PATH_INFO": path}, lambda status, _: statuses.append(status)
    )
    return statuses[0], b"".join(body)


def test_a_log_line_is_an_object_with_the_class_of_a_failure_and_not_its_text() -> None:
    try:
        raise ValueError("a message's body")
    except ValueError as error:
        record = logging.LogRecord(
            "bridge", logging.ERROR, "", 0, "it %s", ("failed",), (ValueError, error, None)
        )
    line = JsonFormatter().format(record)
    said = json.loads(line)
    assert (said["level"], said["said"], said["failure"]) == ("error", "it failed", "ValueError")
    assert "a message's body" not in line
    assert "\n" not in line
