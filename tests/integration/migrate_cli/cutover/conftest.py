"""A site whose publishers follow the state of the cutover."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cutover_site import Load, Operator
from project import Project
from site_fixtures import migrated_database, project, relay, relayed_url

__all__ = ["migrated_database", "project", "relay", "relayed_url"]


@pytest.fixture
def load(project: Project) -> Iterator[Load]:
    made = Load(project, [f"switch-{number}" for number in range(3)])
    yield made
    made.kill()


@pytest.fixture
def operator(project: Project) -> Operator:
    return Operator(project)
