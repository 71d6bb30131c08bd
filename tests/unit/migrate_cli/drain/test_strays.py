"""Sockets of the old server that the front door does not see."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from migrate_cli.drain.settings import DrainSettings
from migrate_cli.drain.strays import require_no_queue, require_sight_of_strays, stray_workers
from wsmigrate.errors import ConfigError, RefusedError

LISTING = "amq.gen-a\ttrue\namq.gen-b\ttrue\nwsmigrate.inbox.0\tfalse\n"
COMMAND = (sys.executable, "-c", f"print({LISTING!r}, end='')")


def test_a_drain_at_the_door_that_would_not_see_them_is_refused() -> None:
    with pytest.raises(ConfigError, match="would fall silent"):
        require_sight_of_strays(DrainSettings(by="door"))


@pytest.mark.parametrize(
    "settings",
    [
        DrainSettings(by="door", queues_command=COMMAND),
        DrainSettings(by="door", uwsgi_pid=Path("/run/uwsgi.pid")),
        DrainSettings(by="workers", uwsgi_pid=Path("/run/uwsgi.pid")),
    ],
)
def test_one_that_sees_them_is_not(settings: DrainSettings) -> None:
    require_sight_of_strays(settings)


def test_workers_that_were_drained_hold_no_strays(tmp_path: Path) -> None:
    assert stray_workers(DrainSettings(by="workers", uwsgi_pid=tmp_path / "u.pid")) is None


def test_queues_that_stay_are_sockets_that_are_left() -> None:
    now = iter(range(100))
    slept: list[float] = []
    settings = DrainSettings(queues_command=COMMAND, back_within_s=2)
    with pytest.raises(RefusedError, match="still has 2 sockets"):
        require_no_queue(settings, lambda: next(now), slept.append)
    assert slept


def test_queues_of_other_programs_are_none() -> None:
    settings = DrainSettings(queues_command=COMMAND, other_queues=2)
    assert require_no_queue(settings) == 2


def test_without_the_command_nothing_is_known() -> None:
    assert require_no_queue(DrainSettings()) is None
