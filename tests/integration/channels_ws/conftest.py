"""A room of the test's own, and a channel to the broker."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pika
import pytest


@pytest.fixture
def room() -> str:
    return f"room-{uuid.uuid4().hex}"


@pytest.fixture
def broker(amqp_url: str) -> Iterator[Any]:
    """A channel on which a publish returns once the message is in its queues."""
    with closing(pika.BlockingConnection(pika.URLParameters(amqp_url))) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        yield channel
