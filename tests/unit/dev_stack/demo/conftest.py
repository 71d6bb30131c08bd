"""The small world of demo_world, for each test anew."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from demo_world import World, running_world


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running_world() as running:
        yield running
