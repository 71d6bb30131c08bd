"""The post office: from entries of the log to the mailboxes of this process's channels."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable

import msgpack

from channels_ws.layers.clock import AliveClock, Clock
from channels_ws.layers.entries import (
    CHANNEL,
    FLUSH,
    GROUP,
    MEMBERSHIP,
    ORDINARY,
    WOKEN,
    Entry,
)
from channels_ws.layers.errors import LayerGapError
from channels_ws.layers.local_groups import LocalGroups
from channels_ws.layers.mailboxes import Mailbox
from channels_ws.layers.reader import Receiver

logger = logging.getLogger(__name__)


class PostOffice(Receiver):
    """Mailboxes by target, and the groups of the channels that are this process's (``owner``).

    May be used from any thread. A channel whose messages nobody takes within the expiry leaves its
    groups, for its receiver is gone; one that comes back after all is told of the gap.
    """

    def __init__(
        self, owner: str, expiry_s: float, group_expiry_s: float, clock: Clock | None = None
    ) -> None:
        self._owner = owner
        self._ending = f".{owner}"
        self._expiry_s = expiry_s
        self._clock = clock or AliveClock()
        self._lock = threading.RLock()
        self._groups = LocalGroups(group_expiry_s)
        self._mailboxes: dict[str, Mailbox] = {}
        self._idle: set[str] = set()
        self.flushes = 0
        """How often all was forgotten."""

    def owns(self, channel: str) -> bool:
        """Whether a channel is one of this process."""
        local, mark, _ = channel.partition("!")
        return bool(mark) and (local.endswith(self._ending) or local == self._owner)

    def mailbox(self, target: str) -> Mailbox:
        """The mailbox of a target, made if there is none."""
        with self._lock:
            box = self._mailboxes.get(target)
            if box is None:
                box = self._mailboxes[target] = Mailbox(self._expiry_s, self._clock)
            return box

    def join(self, group: str, channel: str) -> None:
        """Have a channel of this process join a group."""
        with self._lock:
            self._groups.add(group, channel, self._clock())

    def leave(self, group: str, channel: str) -> None:
        """Have a channel of this process leave a group."""
        with self._lock:
            self._groups.discard(group, channel)

    def forget_all(self) -> None:
        """Forget all messages and groups."""
        with self._lock:
            self.flushes += 1
            self._groups.clear()
            for box in self._mailboxes.values():
                box.clear()

    def wants(self, target: str) -> bool:
        """Whether a channel here receives what is sent to the target."""
        kind, name = target[:1], target[1:]
        if kind == GROUP:
            return name in self._groups
        if kind == CHANNEL:
            return self.owns(name)
        return kind == FLUSH or (kind == MEMBERSHIP and name == self._owner)

    def deliver(self, entries: Iterable[Entry]) -> None:
        """Put each entry into the mailboxes that it is for."""
        with self._lock:
            now = self._clock()  # asking takes as long as putting a message into a mailbox
            for target, payload in entries:
                self._deliver(target[:1], target[1:], payload or b"", now)

    def gap(self) -> None:
        """Say in every mailbox that messages are missing."""
        with self._lock:
            for target, box in self._mailboxes.items():
                if target.startswith(CHANNEL):
                    box.put_gap(LayerGapError("The channel layer has missed messages for good."))

    def heartbeat(self) -> None:
        """Forget the channels that nobody receives on any more."""
        with self._lock:
            self._clock()
            neglected = [name for name, box in self._mailboxes.items() if box.is_neglected]
            for target in neglected:
                self._neglect(target)
            idle = {name for name, box in self._mailboxes.items() if self._is_idle(name, box)}
            # Idle twice: a receiver that is between two calls has the time to come back.
            for target in idle & self._idle:
                del self._mailboxes[target]
            self._idle = idle

    def _is_idle(self, target: str, box: Mailbox) -> bool:
        return box.is_idle and not self._groups.has_channel(target[1:])

    def _neglect(self, target: str) -> None:
        box = self._mailboxes[target]
        if target.startswith(ORDINARY) or box.is_forgotten:
            del self._mailboxes[target]
            return
        self._groups.discard_channel(target[1:])
        box.forget(LayerGapError("Nobody received on this channel for too long."))

    def _deliver(self, kind: str, name: str, payload: bytes, now: float) -> None:
        if kind == GROUP:
            for channel in self._groups.channels_of(name, now):
                self.mailbox(CHANNEL + channel).put(payload, now)
        elif kind == CHANNEL:
            if self.owns(name):
                self.mailbox(CHANNEL + name).put(payload, now)
        elif kind == WOKEN:
            box = self._mailboxes.get(ORDINARY + name)
            if box is not None:
                box.wake()
        elif kind == FLUSH:
            self.forget_all()
        elif kind == MEMBERSHIP and name == self._owner:
            self._change_membership(payload)

    def _change_membership(self, payload: bytes) -> None:
        try:
            change = msgpack.unpackb(payload)
        except ValueError:
            logger.warning("A change of a group cannot be read")
            return
        if change["change"] == "add":
            self._groups.add(change["group"], change["channel"], self._clock())
        else:
            self._groups.discard(change["group"], change["channel"])
