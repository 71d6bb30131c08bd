"""The checklist of the project at hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from migrate_cli.wiring import CONFIG_FILE, Operation
from wsmigrate.amqp_url import redacted_url
from wsmigrate.checklist import ChecklistGate, ChecklistStep, Surroundings, checklist
from wsmigrate.climbing import way_up
from wsmigrate.stages import State

_HOOKS = ("open_door", "close_door", "start_bridge", "stop_bridge")


def checklist_of(
    operation: Operation, state: State, config_file: Path | None, settings: str | None
) -> list[str]:
    """Its lines, from where the cutover stands."""
    return checklist(_surroundings(operation, config_file, settings), _steps(operation, state))


def _steps(operation: Operation, state: State) -> Sequence[ChecklistStep]:
    steps = []
    for one in way_up(state):
        gates = tuple(
            ChecklistGate(gate.gate, gate.measures, gate.passes)
            for gate in operation.gates.planned(one.begins, one.rung)
        )
        steps.append(ChecklistStep(one.rung, one.begins, gates, one.commands))
    return steps


def _surroundings(
    operation: Operation, config_file: Path | None, settings: str | None
) -> Surroundings:
    from django.conf import settings as loaded  # noqa: PLC0415 - a command that has a project

    project, door, drain = operation.project, operation.door, operation.drain
    module: Any = getattr(loaded, "SETTINGS_MODULE", None)
    return Surroundings(
        settings=settings or operation.cutover.settings or module or "this project",
        config_file=str(config_file or CONFIG_FILE),
        database=project.database,
        broker=", ".join(map(redacted_url, project.amqp_urls)),
        inboxes=project.inboxes,
        front_door="" if door is None else door.name,
        url="" if drain is None else drain.url or "",
        admin_url="" if drain is None else drain.settings.admin_url or "",
        drain="" if drain is None else _drain(drain.settings),
        by_hand=tuple(hook for hook in _HOOKS if not getattr(operation.cutover, hook)),
        retention_s=project.inbox_max_age_s,
        policy=f"{project.authorize} ({project.authorize_mode.value})",
    )


def _drain(settings: Any) -> str:
    where = f" of the uWSGI in {settings.uwsgi_pid}" if settings.uwsgi_pid else ""
    return (
        f"{settings.by}{where}, at most {settings.per_second:g} a second and "
        f"{settings.in_flight} on their way back; given up after {settings.patience_s:g} s of "
        f"{settings.errors_stop:.0%} errors or {settings.latency_stop_ms:g} ms"
    )
