from __future__ import annotations

import json
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pika
import pytest

from bridge.properties import described_properties, said, storable


def test_what_the_publisher_set_is_kept_with_where_it_published_to() -> None:
    properties = pika.BasicProperties(
        content_type="text/plain", headers={"x-stream-offset": 7, "own": "value"}, priority=3
    )
    assert described_properties(properties, exchange="room", routing_key="key") == {
        "exchange": "room",
        "routing_key": "key",
        "content_type": "text/plain",
        "priority": 3,
        "headers": {"own": "value"},
    }


def test_every_value_that_amqp_knows_can_be_kept_as_json() -> None:
    headers = {
        "bytes": b"\xff\x00",
        "nan": float("nan"),
        "when": datetime(2020, 1, 1, tzinfo=timezone.utc),
        "money": Decimal("1.5"),
        "list": [1, None, True, {"nul": "\0"}],
        "half": "\udcff",
    }
    kept = json.dumps(said(headers))
    assert "\\u0000" not in kept
    assert json.loads(kept)["list"] == [1, None, True, {"nul": "\\x00"}]
    assert json.loads(kept)["bytes"] == "\\xff\\x00"


def test_a_name_that_is_no_utf_8_is_shown_with_escapes() -> None:
    assert storable("room-\udcff\0") == "room-\\xff\\x00"
    assert storable("plain ünï") == "plain ünï"


@pytest.mark.parametrize("nest", [lambda inner: [inner], lambda inner: {"a": inner}])
def test_what_is_nested_deeper_than_python_can_follow_is_cut(nest: Any) -> None:
    """pika reads lists of lists as deep as Python's stack allows, and a letter has to be kept."""
    value: Any = 1
    for _ in range(5000):
        value = nest(value)
    text = json.dumps(said({"deep": value, "other": 1}))
    assert '"other": 1' in text
    assert "nested too deeply" in text
