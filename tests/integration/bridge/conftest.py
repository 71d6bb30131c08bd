"""A room with a client, whose inbox may be harmed."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator

import pytest
from harmed_room import Room

from project import Project
from wsmigrate.topology import DEFAULT_INBOXES, inbox_of_room


@pytest.fixture
def server_url(project: Project) -> str:
    """The new server."""
    return project.start_server()[0]


@pytest.fixture
def room(project: Project, server_url: str) -> Iterator[Room]:
    """A room with one client."""
    yield from joined(Room(project, server_url, f"room-{uuid.uuid4().hex}"))


@pytest.fixture
def neighbour(project: Project, server_url: str, room: Room) -> Iterator[Room]:
    """A room with one client, in another inbox than ``room``."""
    names = (f"{room.name}-{number}" for number in itertools.count())
    name = next(name for name in names if inbox_of_room(name, DEFAULT_INBOXES) != room.inbox)
    yield from joined(Room(project, server_url, name))


def joined(room: Room) -> Iterator[Room]:
    room.join_again()
    yield room
    room.leave()
