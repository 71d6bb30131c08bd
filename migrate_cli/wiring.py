"""Which adapters a project's settings and ``wsmigrate.toml`` name: the one place that chooses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomllib

from migrate_cli.cutover.effects import Site, SiteEffects
from migrate_cli.cutover.inboxes import Inboxes
from migrate_cli.cutover.lock import HeldLock
from migrate_cli.cutover.ports import Effects, Gates, NoGates
from migrate_cli.cutover.store import StateStore
from migrate_cli.django_project import need_packages, set_up_django
from wsmigrate.config import Config
from wsmigrate.cutover_config import CutoverConfig, cutover_config
from wsmigrate.errors import ConfigError

CONFIG_FILE = "wsmigrate.toml"


@dataclass(frozen=True)
class Operation:
    """What the cutover's commands work with."""

    cutover: CutoverConfig
    project: Config
    store: StateStore
    gates: Gates

    def effects(self, lock: HeldLock) -> Effects:
        """Has commands take effect on the site, under a lock that is held."""
        return SiteEffects(Site(self.store, lock, Inboxes(self.project), self.cutover))


@contextmanager
def operation(config_file: Path | None, settings: str | None) -> Iterator[Operation]:
    """Read ``wsmigrate.toml`` (where it is there, unless one is named) and the project's settings,
    and connect. Raises ConfigError and UnavailableError."""
    need_packages("cutover", "django", "psycopg", "pika")
    cutover = cutover_config(read_document(config_file))
    set_up_django("The cutover", settings or cutover.settings)
    from bridge.settings import database_parameters, project_config  # noqa: PLC0415 - needs Django

    project = project_config()
    with StateStore(database_parameters(project.database), project.database) as store:
        yield Operation(cutover, project, store, NoGates())


def read_document(config_file: Path | None) -> dict[str, Any]:
    """The tables of ``wsmigrate.toml``; none where no file is named and none is in the current
    folder. Raises ConfigError."""
    path = config_file or Path(CONFIG_FILE)
    if config_file is None and not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no TOML: {error}.") from error
