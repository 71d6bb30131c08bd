"""Publishing to RabbitMQ, as legacy publishers do: to the fanout exchange with the room's name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wsmigrate.amqp_url import checked_amqp_url, redacted_url
from wsmigrate.errors import UnavailableError
from wsmigrate.topology import ROOM_EXCHANGE


class AmqpPublisher:
    """Holds one connection, opened at the first use; each message is confirmed by the broker."""

    def __init__(self, url: str) -> None:
        self._url = checked_amqp_url(url)
        self._connection: Any = None
        self._channel: Any = None
        self._declared: set[str] = set()

    def publish(self, room: str, payloads: Sequence[bytes]) -> None:
        """Publish with a confirm for each, once more over a new connection where one was broken
        before anything was sent."""
        import pika.exceptions  # noqa: PLC0415 - only who publishes this way needs it

        try:
            channel = self._open(room)
            for payload in payloads:
                channel.basic_publish(exchange=room, routing_key="", body=payload)
        except (pika.exceptions.AMQPError, OSError) as error:
            self.close()
            raise UnavailableError(
                f"Nothing could be published: RabbitMQ at {redacted_url(self._url)} failed "
                f"({type(error).__name__}).",
                remedy="Check the URL of --publish, and that the broker runs.",
            ) from error

    def close(self) -> None:
        """Close the connection."""
        import pika.exceptions  # noqa: PLC0415

        connection, self._connection, self._channel = self._connection, None, None
        self._declared.clear()
        if connection is not None and connection.is_open:
            try:
                connection.close()
            except pika.exceptions.AMQPError:
                return  # it is closed, then

    def _open(self, room: str) -> Any:
        import pika  # noqa: PLC0415

        if self._connection is not None:
            try:
                self._connection.process_data_events(0)
            except (pika.exceptions.AMQPError, OSError):  # idle for too long
                self.close()
        if self._connection is None:
            self._connection = pika.BlockingConnection(pika.URLParameters(self._url))
            self._channel = self._new_channel()
        if room not in self._declared:
            self._declare(room)
            self._declared.add(room)
        return self._channel

    def _new_channel(self) -> Any:
        channel = self._connection.channel()
        channel.confirm_delivery()
        return channel

    def _declare(self, room: str) -> None:
        import pika.exceptions  # noqa: PLC0415

        try:
            self._channel.exchange_declare(
                exchange=room,
                exchange_type=ROOM_EXCHANGE.exchange_type,
                durable=ROOM_EXCHANGE.durable,
                auto_delete=ROOM_EXCHANGE.auto_delete,
            )
        except pika.exceptions.ChannelClosedByBroker as error:
            if error.reply_code != 406:
                raise
            # The application declares it with other arguments: it is used as it is.
            self._channel = self._new_channel()
