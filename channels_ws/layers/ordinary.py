"""Ordinary channels: one of all receivers, in whatever process, takes each message."""

from __future__ import annotations

import asyncio
import functools

from channels_ws.layers.entries import ORDINARY
from channels_ws.layers.mailboxes import Mailbox
from channels_ws.layers.post_office import PostOffice
from channels_ws.layers.writer import Writer

_POLL_S = 5.0
_CLAIM = (
    "DELETE FROM wsmigrate_queued WHERE id = (SELECT id FROM wsmigrate_queued"
    " WHERE prefix = %s AND channel = %s AND expires_at > clock_timestamp()"
    " ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1) RETURNING payload"
)


class OrdinaryChannels:
    """Receives from ordinary channels, at most once: a process that dies with a message in hand
    takes it along."""

    def __init__(self, prefix: str, office: PostOffice, writer: Writer) -> None:
        self._prefix = prefix
        self._office = office
        self._writer = writer

    async def receive(self, channel: str) -> bytes:
        """The payload of the next message. Raises what the writer raises."""
        while True:
            mailbox = self._office.mailbox(ORDINARY + channel)
            kept = mailbox.take(1)
            if kept:
                return kept[0]
            claim = asyncio.ensure_future(self._claim(channel))
            try:
                payload = await asyncio.shield(claim)
            except asyncio.CancelledError:
                # It may be claimed all the same. Then the next receiver here has it.
                claim.add_done_callback(functools.partial(_put_back, mailbox))
                raise
            if payload is not None:
                return payload
            await mailbox.wait(_POLL_S)

    async def _claim(self, channel: str) -> bytes | None:
        rows = await self._writer.call(
            lambda connection: connection.execute(_CLAIM, (self._prefix, channel))
        )
        return bytes(rows[0][0]) if rows else None


def _put_back(mailbox: Mailbox, claim: asyncio.Future[bytes | None]) -> None:
    if claim.cancelled() or claim.exception() is not None:
        return
    payload = claim.result()
    if payload is not None:
        mailbox.put_back(payload)
