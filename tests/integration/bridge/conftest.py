"""A room with a client, whose inbox may be harmed."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from harmed_room import Room
from websockets.sync.client import connect

from project import Project


@pytest.fixture
def room(project: Project) -> Iterator[Room]:
    url, _ = project.start_server()
    name = f"room-{uuid.uuid4().hex}"
    with connect(f"{url}/{name}", compression=None) as client:
        yield Room(project, project.amqp_url, client, name)
