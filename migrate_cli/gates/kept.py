"""How much the inboxes keep, as the broker says, and how much of it waits, as the bridges say."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import pika
import pika.exceptions

from wsmigrate.amqp_url import redacted_url
from wsmigrate.config import Config
from wsmigrate.errors import UnavailableError
from wsmigrate.gates.evidence import InboxKept
from wsmigrate.topology import InboxKind

_FIRST_WITHIN_S = 3.0


def inboxes_kept(project: Config, said: Mapping[str, Mapping[str, Any]]) -> tuple[InboxKept, ...]:
    """Each inbox. Blocks; raises UnavailableError. An inbox that is not there keeps nothing."""
    urls = [pika.URLParameters(url) for url in project.amqp_urls]
    try:
        with contextlib.closing(pika.BlockingConnection(urls)) as connection:
            return tuple(
                _kept(connection, project, inbox, said.get(inbox, {}))
                for inbox in project.inbox_names
            )
    except (pika.exceptions.AMQPError, OSError) as error:
        raise UnavailableError(
            f"RabbitMQ at {', '.join(map(redacted_url, project.amqp_urls))} did not say what the "
            f"inboxes keep ({type(error).__name__})."
        ) from error


def _kept(connection: Any, project: Config, inbox: str, said: Mapping[str, Any]) -> InboxKept:
    channel = connection.channel()
    try:
        count = int(channel.queue_declare(inbox, passive=True).method.message_count)
    except pika.exceptions.ChannelClosedByBroker:
        count = 0
    dropped = False
    if count and project.inbox_kind is InboxKind.STREAM:
        dropped = _first_offset(connection, channel, inbox) > 0
    unknown = float("nan")  # without a bridge nobody knows how old the oldest message is that waits
    return InboxKept(
        inbox=inbox,
        behind_s=float(said.get("lag_s", unknown)),
        max_age_s=project.inbox_max_age_s,
        kept=count,
        behind=float(said.get("lag_messages", unknown)),
        dropped=dropped,
    )


def _first_offset(connection: Any, channel: Any, inbox: str) -> int:
    """Of the oldest message that a stream has; 0 where it does not come in time."""
    found: list[int] = []

    def look(_channel: Any, _method: Any, properties: Any, _body: bytes) -> None:
        found.append(int((properties.headers or {}).get("x-stream-offset", 0)))

    channel.basic_qos(prefetch_count=1)
    channel.basic_consume(inbox, look, arguments={"x-stream-offset": "first"})
    connection.process_data_events(time_limit=_FIRST_WITHIN_S)
    return found[0] if found else 0
