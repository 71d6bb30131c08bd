"""The whole way of a message, from RabbitMQ to sockets of two server processes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from room_publisher import RoomPublisher

from audience import Audience
from project import Project

ROOMS = 5
CLIENTS_PER_ROOM_AND_SERVER = 4


@pytest.fixture
def rooms() -> list[str]:
    return [f"fault-{number}" for number in range(ROOMS)]


@pytest.fixture
def servers(project: Project) -> list[str]:
    """The URLs of two server processes; the bridge runs as well."""
    urls = [project.start_server(log=f"channels-{number}")[0] for number in range(2)]
    project.start_bridge()
    return urls


@pytest.fixture
async def audience(servers: list[str], rooms: list[str]) -> AsyncIterator[Audience]:
    """Clients in every room on both servers."""
    async with Audience() as clients:
        for url in servers:
            for room in rooms:
                for _ in range(CLIENTS_PER_ROOM_AND_SERVER):
                    await clients.join(url, room)
        yield clients


@pytest.fixture
def publisher(amqp_url: str, rooms: list[str], audience: Audience) -> Iterator[RoomPublisher]:
    """Publishes to all rooms without a pause; started by the test."""
    publishing = RoomPublisher(amqp_url, rooms)
    yield publishing
    publishing.stop()


@pytest.fixture
def logs(project: Project) -> Path:
    return project.folder
