"""Publishing straight to the channel layer."""

from __future__ import annotations

import asyncio
import time

from channels_ws.notify.publication import Publication, Stamp
from wsmigrate.errors import ConfigError, UnavailableError
from wsmigrate.message import Message, Via, event_of_message
from wsmigrate.rooms import group_of_room


class LayerPublisher:
    """Sends to the room's group in the default channel layer."""

    def __init__(self, event_name: str) -> None:
        self._event_name = event_name

    def publish(
        self,
        publication: Publication,
        stamp: Stamp | None = None,
        within_s: float | None = None,
    ) -> None:
        """Return once the layer has the message. Raises UnavailableError, also when it takes longer
        than ``within_s`` seconds: the message may come all the same then.

        With wsmigrate's layer from any thread of any WSGI server. With channels-postgres from one
        thread only: its pool of connections belongs to the event loop that made it.
        """
        # The old environment, which publishes to RabbitMQ only, has none of it.
        from asgiref.sync import async_to_sync  # noqa: PLC0415

        async_to_sync(self._publish_within)(publication, stamp, within_s)

    async def _publish_within(
        self, publication: Publication, stamp: Stamp | None, within_s: float | None
    ) -> None:
        try:
            await asyncio.wait_for(self.publish_async(publication, stamp), within_s)
        except asyncio.TimeoutError as error:
            raise UnavailableError(
                f"The channel layer did not take the message within {within_s} s."
            ) from error

    async def publish_async(self, publication: Publication, stamp: Stamp | None = None) -> None:
        """The same on the event loop that runs, which is not blocked."""
        from channels.layers import get_channel_layer  # noqa: PLC0415

        layer = get_channel_layer()
        if layer is None:
            raise ConfigError(
                "The notify backend is the layer's, and CHANNEL_LAYERS has no 'default'.",
                then="Nothing was published.",
            )
        message = Message(
            publication.id,
            publication.room,
            publication.text,
            Via.CHANNELS,
            time.time(),
            is_copy=stamp is not None and stamp.is_copy,
            revision=None if stamp is None else stamp.revision,
        )
        event = event_of_message(message, self._event_name)
        try:
            await layer.group_send(group_of_room(publication.room), event)
        except Exception as error:  # layers raise what their databases raise
            raise UnavailableError(
                f"The message was not published: the channel layer failed ({type(error).__name__})."
            ) from error
