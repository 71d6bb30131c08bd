"""A way to PostgreSQL that can be cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from project import Project
from relay import Relay


@pytest.fixture
def way_to_postgres(project: Project, free_port: Callable[[], int]) -> Iterator[Relay]:
    """The project's way to PostgreSQL, which can be cut."""
    parts = urlsplit(project.postgres_dsn)
    assert parts.hostname
    assert parts.port
    between = Relay(free_port(), (parts.hostname, parts.port))
    place = f"{parts.hostname}:{parts.port}"
    project.postgres_dsn = project.postgres_dsn.replace(place, f"127.0.0.1:{between.port}")
    yield between
    between.cut()
