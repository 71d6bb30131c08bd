"""Posting to the synthetic rooms, by the way that the site's publishers go at the time."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from channels_ws.notify.layer import LayerPublisher
from channels_ws.notify.publication import Publication, Stamp
from channels_ws.notify.rabbitmq import RabbitPublisher
from wsmigrate.config import Config, NotifyBackend
from wsmigrate.site_state import SiteState

Post = Callable[[Publication], None]
"""Publishes, or raises UnavailableError. For one thread."""


def post_of(project: Config, state: SiteState) -> Post:
    """By RabbitMQ, to both with one id, or straight to the layer."""
    broker = RabbitPublisher(project.amqp_urls, confirms=True, wiring=project.wiring)
    layer = LayerPublisher(project.event_name)
    backend = project.notify_backend or state.backend
    revision = state.revision if project.follows_state else None

    def to_both(publication: Publication) -> None:
        broker.publish(publication)
        layer.publish(publication, Stamp(revision, is_copy=True))

    def to_layer(publication: Publication) -> None:
        layer.publish(publication, Stamp(revision))

    return {
        NotifyBackend.RABBITMQ: broker.publish,
        NotifyBackend.BOTH: to_both,
        NotifyBackend.CHANNELS: to_layer,
    }[backend]


class Posting:
    """Publishes from a thread of its own, one after the other: in order, and without holding up
    those who listen."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._thread = ThreadPoolExecutor(1, "wsmigrate-gates")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def post(self, room: str, text: str) -> None:
        """Return once it is published. Raises UnavailableError."""
        publication = Publication(room, text, uuid.uuid4().hex)
        await asyncio.get_running_loop().run_in_executor(self._thread, self._post, publication)
