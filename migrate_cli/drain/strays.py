"""Sockets of the old server that never came by the front door: those that were open before it took
the port, and those of clients that know the old port. A drain at the door does not see them, and
once nothing is published to RabbitMQ any more they would stay open and silent for ever."""

from __future__ import annotations

import time
from collections.abc import Callable

from migrate_cli.drain.broker import count_legacy_queues
from migrate_cli.drain.settings import BY_DOOR, DrainSettings
from migrate_cli.drain.workers import WorkerCloser, master_of
from wsmigrate.errors import ConfigError, RefusedError

_LOOK_EVERY_S = 0.5


def require_sight_of_strays(settings: DrainSettings) -> None:
    """Raise ConfigError where the old server's sockets are closed at the front door and nothing
    tells of those that did not come by it."""
    if settings.by == BY_DOOR and settings.uwsgi_pid is None and not settings.queues_command:
        raise ConfigError(
            "Sockets of the old server that did not come by the front door cannot be seen, and "
            "would fall silent once nothing is published to RabbitMQ.",
            then="Nothing was closed.",
            remedy="Put uwsgi_pid into [drain] of wsmigrate.toml (on the old server's machine), or "
            "queues_command, which asks the broker (docs/drain.md).",
        )


def stray_workers(settings: DrainSettings) -> WorkerCloser | None:
    """What ends the workers that still hold sockets after a drain at the door; None where the
    workers were what was drained, or cannot be seen."""
    if settings.by != BY_DOOR or settings.uwsgi_pid is None:
        return None
    return WorkerCloser(master_of(settings.uwsgi_pid), settings.legacy_port, settings.spread)


def require_no_queue(
    settings: DrainSettings,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> int | None:
    """Wait until the broker has no queue of a legacy socket any more, beside ``other_queues``; how
    many there are then. None where it cannot be asked. Raises RefusedError."""
    if not settings.queues_command:
        return None
    deadline = clock() + settings.back_within_s
    while (found := count_legacy_queues(settings.queues_command)) > settings.other_queues:
        if clock() > deadline:
            raise RefusedError(
                f"By the broker's queues the old server still has {found - settings.other_queues} "
                "sockets, which did not come by the front door.",
                then="They would fall silent once nothing is published to RabbitMQ.",
                remedy="End them: uwsgi_pid in [drain], or restart the old server. If such queues "
                "belong to other programs, say how many: other_queues in [drain].",
            )
        sleep(_LOOK_EVERY_S)
    return found
