"""How a RoomServer is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ServerHealth:
    """What a RoomServer knows of its links.

    ``canary_age_s``: seconds since the hub's own message last came back through the channel layer;
    None: never yet. ``broker_linked``: None where no room has to be bound in RabbitMQ.
    """

    canary_age_s: float | None
    broker_linked: bool | None
