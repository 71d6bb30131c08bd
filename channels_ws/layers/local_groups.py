"""The groups that channels of this process are in. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable


class LocalGroups:
    """Channels by group. Not for several threads at once: its owner has a lock.

    With ``expiry_s`` above 0 a membership ends so many seconds after the channel joined last.
    """

    def __init__(self, expiry_s: float) -> None:
        self._expiry_s = expiry_s
        self._channels: dict[str, dict[str, float]] = {}
        self._groups: defaultdict[str, set[str]] = defaultdict(set)

    def __contains__(self, group: str) -> bool:
        return group in self._channels

    def has_channel(self, channel: str) -> bool:
        """Whether a channel is in any group."""
        return channel in self._groups

    def add(self, group: str, channel: str, now: float) -> None:
        """Have a channel join a group, or join it anew."""
        self._channels.setdefault(group, {})[channel] = now
        self._groups[channel].add(group)

    def discard(self, group: str, channel: str) -> None:
        """Have a channel leave a group, if it is in it."""
        channels = self._channels.get(group, {})
        channels.pop(channel, None)
        if not channels:
            self._channels.pop(group, None)
        groups = self._groups.get(channel, set())
        groups.discard(group)
        if not groups:
            self._groups.pop(channel, None)

    def discard_channel(self, channel: str) -> None:
        """Have a channel leave all its groups."""
        for group in tuple(self._groups.get(channel, ())):
            self.discard(group, channel)

    def channels_of(self, group: str, now: float) -> Iterable[str]:
        """The channels that are in a group."""
        channels = self._channels.get(group)
        if not channels:
            return ()
        if self._expiry_s <= 0:
            return tuple(channels)
        return tuple(name for name, since in channels.items() if since + self._expiry_s > now)

    def clear(self) -> None:
        """Forget all groups."""
        self._channels.clear()
        self._groups.clear()
