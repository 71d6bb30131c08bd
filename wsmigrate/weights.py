"""Shares of rooms as weights of servers, as a consistent hash takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MOST = 256
"""The greatest weight that HAProxy takes (configuration manual, 5.2, ``weight``)."""


@dataclass(frozen=True)
class Servers:
    """The names of the servers of both sides. There is at least one of each, and no name twice."""

    legacy: Sequence[str]
    channels: Sequence[str]


def weights_for(percent: float, servers: Servers) -> dict[str, int]:
    """The weight of each server, so that ``percent`` of the rooms (0 to 100) go to the new side.

    The weights of one side never grow and those of the other never shrink as the share does, so
    that rooms move in one direction only. A side has weight 0 only at 0 or 100 percent.
    """
    old, new = len(servers.legacy), len(servers.channels)
    largest = max(old, new) * 100
    scale = 1.0 if largest <= MOST else MOST / largest
    each_old = _weight((100 - percent) * new * scale)
    each_new = _weight(percent * old * scale)
    return {**dict.fromkeys(servers.legacy, each_old), **dict.fromkeys(servers.channels, each_new)}


def percent_of(weights: Mapping[str, int], servers: Servers) -> float:
    """The share of the new side by the weights, 0 to 100.

    The whole number that ``weights_for`` makes them from, where there is one; with several servers
    weights are too coarse for one percent, and what they really do is then a little off. Raises
    ValueError where all weights are 0: then nobody gets in.
    """
    old = sum(weights[name] for name in servers.legacy)
    new = sum(weights[name] for name in servers.channels)
    if old + new == 0:
        raise ValueError("all servers have weight 0")
    exact = 100 * new / (old + new)
    for whole in range(101):
        if weights_for(whole, servers) == dict(weights):
            return whole
    return exact


def _weight(value: float) -> int:
    return 0 if value == 0 else max(1, round(value))
