"""Keeps the hub linked to the channel layer, whatever happens to the link."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Any

from channels_ws.layer_link import LayerLink, LayerLostError, LinkEvents
from channels_ws.metrics import Metrics

logger = logging.getLogger(__name__)

_RETRY_S = 0.5
RENEW_AFTER = 0.3
"""Of the time for which a membership lasts: one try may fail, and another."""


class LinkKeeper:
    """Opens a link, and another one when it is lost.

    ``deliver`` gets the events of all links; ``on_gap`` is told, with the reason, that messages may
    be missing, in the same step in which ``link`` becomes None where the link is lost with them.
    """

    def __init__(
        self,
        make_layer: Callable[[], Any],
        deliver: Callable[[dict[str, Any]], None],
        on_gap: Callable[[str, LayerLink | None], None],
        metrics: Metrics,
        standing_groups: Sequence[str] = (),
    ) -> None:
        """``standing_groups`` are those that every link is in."""
        self.link: LayerLink | None = None
        """The link in use; None while there is none."""
        self._make_layer = make_layer
        self._deliver = deliver
        self._on_gap = on_gap
        self._metrics = metrics
        self._standing_groups = standing_groups
        self._linked = asyncio.Event()
        self._had_gap = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None
        self._canary_at: float | None = None
        self._reconnects_counted = 0
        self._flushes_seen = 0

    async def start(self) -> None:
        """Open the first link. Raises what opening the layer raises."""
        if self._keeping is None:
            link = await LayerLink.open(self._make_layer)
            self._keeping = asyncio.create_task(self._keep_linked(link), name="link-keeper")

    async def stop(self) -> None:
        """End the link."""
        if self._keeping is None:
            return
        layer = self.link.layer if self.link is not None else None
        self._keeping.cancel()
        await asyncio.gather(self._keeping, return_exceptions=True)
        self._keeping = None
        self.link = None
        self._linked.clear()
        if layer is not None and getattr(layer, "catches_up", False):
            await layer.close()

    async def linked(self) -> LayerLink:
        """The link in use; waits for one."""
        while self.link is None:
            await self._linked.wait()
        return self.link

    def canary_age_s(self) -> float | None:
        """Seconds since a canary last came back through the layer; None: never yet."""
        if self._canary_at is None:
            return None
        return asyncio.get_running_loop().time() - self._canary_at

    async def _keep_linked(self, link: LayerLink | None) -> None:
        while True:
            try:
                link = link or await LayerLink.open(self._make_layer)
                await self._use(link)
            except Exception as error:  # layers raise what their databases raise
                self._lose(error)
            link = None
            await asyncio.sleep(_RETRY_S)
            self._metrics.layer_reconnects.inc()

    async def _use(self, link: LayerLink) -> None:
        """From the link's first canary to its end, which is an exception."""
        events = LinkEvents(
            self._deliver,
            gap=self._gap_on_link,
            canary=lambda: self._canary_came(link),
        )
        running = asyncio.create_task(link.run(events), name="layer-link")
        ready = asyncio.create_task(link.ready.wait())
        tasks = [running, ready]
        try:
            await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                if self._standing_groups:
                    await self._stand(link)
                    tasks.append(asyncio.create_task(self._keep_standing(link)))
                self.link = link
                self._linked.set()
            await running
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _stand(self, link: LayerLink) -> None:
        for group in self._standing_groups:
            await link.add(group)

    async def _keep_standing(self, link: LayerLink) -> None:
        """Join the standing groups anew after a gap, for the link may have lost its place there,
        and before its memberships expire."""
        every_s = None if link.membership_s is None else link.membership_s * RENEW_AFTER
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._had_gap.wait(), every_s)
            self._had_gap.clear()
            try:
                await self._stand(link)
            except Exception as error:  # layers raise what their databases raise
                logger.warning("The standing groups were not joined: %s", type(error).__name__)
                self._had_gap.set()
                await asyncio.sleep(_RETRY_S)

    def _gap_on_link(self, reason: str) -> None:
        self._had_gap.set()
        self._on_gap(reason, None)

    def _lose(self, error: Exception) -> None:
        """In one step, so that nobody joins on the lost link: the sockets are closed afterwards."""
        lost, self.link = self.link, None
        self._linked.clear()
        reason = str(error) if isinstance(error, LayerLostError) else type(error).__name__
        if lost is None:
            logger.warning("The channel layer cannot be listened to (%s)", reason)
        else:
            self._on_gap(reason, lost)

    def _canary_came(self, link: LayerLink) -> None:
        self._canary_at = asyncio.get_running_loop().time()
        by_itself = int(getattr(link.layer, "reconnects", 0))
        if by_itself > self._reconnects_counted:
            self._metrics.layer_reconnects.inc(by_itself - self._reconnects_counted)
            self._reconnects_counted = by_itself
        flushes = int(getattr(link.layer, "flushes", 0))
        if flushes > self._flushes_seen:
            self._flushes_seen = flushes
            self._gap_on_link("it was flushed, and its groups are gone")
