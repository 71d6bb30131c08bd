"""The whole way of a message, from RabbitMQ to sockets, with bridges that are harmed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from bridges import Bridges
from fault_ledger import FaultPublisher
from listeners import Listeners

from project import SITE, Project

ROOMS = 6


@pytest.fixture
def project(project: Project) -> Project:
    """Its leases end within seconds."""
    project.variables = {
        "DJANGO_SETTINGS_MODULE": "fault_settings",
        "PYTHONPATH": f"{SITE}:{Path(__file__).parent}",
    }
    return project


@pytest.fixture
def bridges(project: Project) -> Iterator[Bridges]:
    """Starts bridges, and ends them."""
    running = Bridges(project)
    yield running
    running.stop()


@pytest.fixture
def rooms() -> list[str]:
    return [f"fault-{number}" for number in range(ROOMS)]


@pytest.fixture
def server_url(project: Project) -> str:
    return project.start_server()[0]


@pytest.fixture
async def listeners(server_url: str, rooms: list[str]) -> AsyncIterator[Listeners]:
    """A client in each room, on one server process."""
    everybody = Listeners()
    for room in rooms:
        await everybody.join(server_url, room)
    yield everybody
    await everybody.close()


@pytest.fixture
def publisher(amqp_url: str, rooms: list[str], listeners: Listeners) -> Iterator[FaultPublisher]:
    """Publishes to all rooms; started by the test."""
    publishing = FaultPublisher(amqp_url, rooms)
    yield publishing
    publishing.stop()
