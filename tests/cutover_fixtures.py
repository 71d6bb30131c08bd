"""Fixtures of tests with a site whose publishers follow the state of the cutover."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cutover_site import Load, Operator
from project import Project


@pytest.fixture
def load(project: Project) -> Iterator[Load]:
    """Publishers, not started yet; ended with the test."""
    made = Load(project, [f"switch-{number}" for number in range(3)])
    yield made
    made.kill()


@pytest.fixture
def operator(project: Project) -> Operator:
    """Who types the commands."""
    return Operator(project)
