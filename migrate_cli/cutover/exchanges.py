"""Removing the exchanges of rooms when nothing publishes to RabbitMQ any more."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Any

import pika
import pika.exceptions

from wsmigrate.amqp_url import redacted_url
from wsmigrate.config import Config
from wsmigrate.errors import UnavailableError
from wsmigrate.topology import ROOM_EXCHANGE


def remove_unused(config: Config, rooms: Iterable[str]) -> tuple[int, int]:
    """Remove the exchanges of rooms that have no binding; how many were removed, and kept.

    One that is bound is somebody's, and one that is declared otherwise than legacy publishers do is
    the application's own: both stay. Idempotent. Raises UnavailableError.
    """
    removed = kept = 0
    try:
        urls = [pika.URLParameters(url) for url in config.amqp_urls]
        with contextlib.closing(pika.BlockingConnection(urls)) as connection:
            channel = connection.channel()
            for room in rooms:
                if channel.is_closed:
                    channel = connection.channel()
                if _is_removed(channel, room):
                    removed += 1
                else:
                    kept += 1
    except (pika.exceptions.AMQPError, OSError) as error:
        named = ", ".join(map(redacted_url, config.amqp_urls))
        raise UnavailableError(
            f"RabbitMQ at {named} did not remove all exchanges ({type(error).__name__}).",
            then=f"{removed} were removed.",
        ) from error
    return removed, kept


def _is_removed(channel: Any, room: str) -> bool:
    """The broker refuses by closing the channel."""
    try:
        channel.exchange_declare(
            exchange=room,
            exchange_type=ROOM_EXCHANGE.exchange_type,
            durable=ROOM_EXCHANGE.durable,
            auto_delete=ROOM_EXCHANGE.auto_delete,
        )
        channel.exchange_delete(exchange=room, if_unused=True)
    except pika.exceptions.ChannelClosedByBroker:
        return False
    return True
