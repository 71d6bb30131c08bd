"""Which adapters a project's settings and ``wsmigrate.toml`` name: the one place that chooses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from migrate_cli.cutover.effects import Site, SiteEffects
from migrate_cli.cutover.inboxes import Inboxes
from migrate_cli.cutover.lock import HeldLock
from migrate_cli.cutover.ports import Effects, Gates
from migrate_cli.cutover.store import StateStore
from migrate_cli.django_project import need_packages, set_up_django
from migrate_cli.drain.mover import SocketMover
from migrate_cli.drain.settings import drain_settings_of
from migrate_cli.gates.settings import gate_settings_of
from migrate_cli.routers.doors import FrontDoor
from migrate_cli.routers.settings import TABLE as DOOR_TABLE
from migrate_cli.routers.settings import cutover_document, front_door_of
from wsmigrate.config import Config
from wsmigrate.cutover_config import CutoverConfig, cutover_config

CONFIG_FILE = "wsmigrate.toml"


@dataclass(frozen=True)
class Operation:
    """What the cutover's commands work with."""

    cutover: CutoverConfig
    project: Config
    store: StateStore
    gates: Gates
    door: FrontDoor | None = None
    drain: SocketMover | None = None

    def effects(self, lock: HeldLock) -> Effects:
        """Has commands take effect on the site, under a lock that is held."""
        inboxes = Inboxes(self.project)
        site = Site(self.store, lock, self.project, inboxes, self.cutover, self.door, self.drain)
        return SiteEffects(site)


@contextmanager
def operation(config_file: Path | None, settings: str | None) -> Iterator[Operation]:
    """Read ``wsmigrate.toml`` (where it is there, unless one is named) and the project's settings,
    and connect. Raises ConfigError and UnavailableError."""
    need_packages("cutover", "django", "psycopg", "pika")
    document = document_of(config_file)
    cutover, door = cutover_config(document), _front_door(document)
    set_up_django("The cutover", settings or cutover.settings)
    from bridge.settings import database_parameters, project_config  # noqa: PLC0415 - needs Django
    from migrate_cli.gates.measuring import Measuring  # noqa: PLC0415
    from migrate_cli.gates.site_gates import SiteGates  # noqa: PLC0415

    project = project_config()
    gates = gate_settings_of(document)
    parameters = database_parameters(project.database)
    with StateStore(parameters, project.database) as store:
        drain = _drain(document, door, project)
        queues = drain_settings_of(document, {}).queues_command
        measuring = Measuring(gates, project, store, parameters, door, queues)
        yield Operation(cutover, project, store, SiteGates(measuring), door, drain)


def document_of(config_file: Path | None) -> dict[str, Any]:
    """The tables of ``wsmigrate.toml``; none where no file is named and none is in the current
    folder. Raises ConfigError."""
    path = config_file or Path(CONFIG_FILE)
    return {} if config_file is None and not path.exists() else cutover_document(path)


def _front_door(document: Mapping[str, Any]) -> FrontDoor | None:
    table = document.get(DOOR_TABLE)
    return None if table is None else front_door_of(table)


def _drain(
    document: Mapping[str, Any], door: FrontDoor | None, project: Config
) -> SocketMover | None:
    if door is None:
        return None
    settings = drain_settings_of(document, {"amqp_url": project.amqp_url})
    return SocketMover(door, settings, document[DOOR_TABLE].get("url"))
