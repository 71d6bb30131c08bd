"""The desk: takes clients' messages to their rooms, for all sockets of a server process."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine
from typing import Any

from django.apps import apps
from django.core.exceptions import PermissionDenied, ValidationError

from channels_ws.auth.identity import Identity
from channels_ws.auth.policies import Hook, Policy, is_async, loaded_hook
from channels_ws.auth.threads import Threads, bounded, called_once, contained
from channels_ws.inbound.outcomes import InboundProblem, MessageRefusedError, Outcome
from channels_ws.metrics import Metrics
from channels_ws.notify.layer import LayerPublisher
from channels_ws.notify.publication import Publication, publication_of
from channels_ws.notify.publishers import Publisher, publisher_of_config
from wsmigrate.config import Config

logger = logging.getLogger(__name__)


class Desk:
    """Asks whether the sender may, asks the application's hook, and publishes by the notify backend
    in force, as ``notify()`` does. Raises ConfigError if a hook cannot be had."""

    def __init__(self, config: Config, metrics: Metrics) -> None:
        self.config = config
        self.metrics = metrics
        # Apart from one another: a broker that does not answer must not hold up hooks.
        self._hook_threads = Threads("inbound-hook")
        self._publish_threads = Threads("inbound-publish")
        self._policy = Policy("INBOUND_AUTHORIZE", config.inbound_authorize, self._hook_threads)
        self._hook = (
            loaded_hook("INBOUND_HOOK", config.inbound_hook) if config.inbound_hook else None
        )
        self._publisher = _publisher_in_force(config)
        self._work: set[asyncio.Task[None]] = set()

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Do a socket's work. It goes on when the socket is closed: what was taken is taken."""
        task = asyncio.create_task(work, name="inbound")
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def stop(self, within_s: float) -> None:
        """Finish what was taken, within a time."""
        if self._work:
            await asyncio.wait(self._work, timeout=within_s)
        for task in self._work:
            task.cancel()
        self._hook_threads.close()
        self._publish_threads.close()

    async def send(self, identity: Identity, room: str, message: dict[str, Any]) -> Outcome:
        """Take a message to its room: PUBLISHED or KEPT, or InboundProblem."""
        await self._require_permission(identity, room)
        wanted = await self._asked_hook(identity.user, room, message)
        if wanted is None:
            return Outcome.KEPT
        publication = self._publication(room, wanted)
        try:
            await self._publish(publication)
        except Exception as error:  # layers raise what their databases raise
            logger.warning("A client's message was not published (%s)", type(error).__name__)
            raise InboundProblem(
                Outcome.NOT_PUBLISHED,
                "The message may not have reached those who listen now.",
            ) from error
        return Outcome.PUBLISHED

    async def _require_permission(self, identity: Identity, room: str) -> None:
        objection: object = "token-expired"
        if not identity.has_expired(time.time()):
            try:
                objection = await bounded(
                    self._policy.objection(identity, room), self.config.inbound_timeout_s
                )
            except TimeoutError:
                objection = "too-slow"
        if objection is not None:
            raise InboundProblem(Outcome.NOT_ALLOWED, "You may not send to this room.")

    async def _asked_hook(self, user: Any, room: str, message: dict[str, Any]) -> Any:
        if self._hook is None:
            return message
        try:
            return await bounded(
                contained(self._call(self._hook, user, room, message)),
                self.config.inbound_timeout_s,
            )
        except (MessageRefusedError, PermissionDenied) as refusal:
            detail = str(refusal) or "The message was refused."
            raise InboundProblem(Outcome.REFUSED, detail) from None
        except ValidationError as refusal:
            raise InboundProblem(Outcome.REFUSED, " ".join(refusal.messages)) from None
        except TimeoutError:
            logger.warning("The hook %s took too long", self.config.inbound_hook)
        except Exception:
            logger.exception("The hook %s failed", self.config.inbound_hook)
        raise InboundProblem(
            Outcome.FAILED, "The message could not be taken. Look before you send it again."
        )

    async def _call(self, hook: Hook, user: Any, room: str, message: dict[str, Any]) -> Any:
        if is_async(hook):
            return await called_once(lambda: hook(user, room, message))
        return await self._hook_threads.run(hook, user, room, message)

    def _publication(self, room: str, message: Any) -> Publication:
        """The very one that ``notify()`` makes of the message."""
        try:
            data = {self.config.room_param: room, "message": message}
            publication = publication_of(data, {}, self.config.room_param)
        except (TypeError, ValueError, RecursionError):
            logger.exception("The hook %s returned what JSON cannot say", self.config.inbound_hook)
            raise InboundProblem(Outcome.FAILED, "The message could not be taken.") from None
        if len(publication.body) > self.config.max_message_bytes:
            raise InboundProblem(Outcome.TOO_LARGE, "The message is too large for the room.")
        return publication

    async def _publish(self, publication: Publication) -> None:
        if isinstance(self._publisher, LayerPublisher):
            await self._publisher.publish_async(publication)
        else:
            await self._publish_threads.run(self._publisher.publish, publication)


def _publisher_in_force(config: Config) -> Publisher:
    """That of ``notify()`` in this process, or a like one where its app is not installed."""
    if apps.is_installed("channels_ws.notify"):
        publisher: Publisher = apps.get_app_config("channels_ws_notify").publisher
        return publisher
    return publisher_of_config(config)
