"""The state that publishers and servers follow (docs: wsmigrate_state in migration 0004)."""

from __future__ import annotations

from dataclasses import dataclass

from wsmigrate.config import NotifyBackend


@dataclass(frozen=True)
class SiteState:
    """What is in force. ``revision`` rises with each change; 0 stands for a database in which no
    cutover was prepared.

    ``binds``: servers bind their rooms in RabbitMQ. ``barrier``: the revision of the last switch
    from ``both`` to ``channels`` (0: never); ``barrier_out``: its markers have come out everywhere.
    """

    revision: int
    stage: str
    backend: NotifyBackend
    binds: bool
    barrier: int
    barrier_out: bool


NO_CUTOVER = SiteState(0, "legacy", NotifyBackend.RABBITMQ, True, 0, True)


def backend_named(name: str) -> NotifyBackend:
    """A backend by its name. What a newer version may have added is not known here: then both sides
    get what is published."""
    try:
        return NotifyBackend(name)
    except ValueError:
        return NotifyBackend.BOTH
