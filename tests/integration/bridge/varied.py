"""The sample site with other settings, and a client of the new server."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pika
from websockets.sync.client import ClientConnection, connect

from project import SITE, Project

TIMEOUT_S = 30


def vary(project: Project, **settings: Any) -> None:
    """Have the project's processes take these settings of WSMIGRATE."""
    project.variables = {
        **project.variables,
        "DJANGO_SETTINGS_MODULE": "varied_settings",
        "PYTHONPATH": f"{SITE}:{Path(__file__).parent}",
        "VARIED_WSMIGRATE": json.dumps(settings),
    }


@contextmanager
def client_of(server_url: str, room: str) -> Iterator[ClientConnection]:
    """A client in a room."""
    with connect(f"{server_url}/{room}", compression=None, open_timeout=30) as client:
        yield client


@contextmanager
def channel_to(amqp_url: str) -> Iterator[Any]:
    """A channel that confirms what is published."""
    with closing(pika.BlockingConnection(pika.URLParameters(amqp_url))) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        yield channel


def received(client: ClientConnection, count: int) -> list[str | bytes]:
    return [client.recv(timeout=TIMEOUT_S) for _ in range(count)]


def hears_nothing_more(client: ClientConnection) -> bool:
    try:
        client.recv(timeout=1.0)
    except TimeoutError:
        return True
    return False


def new_name(kind: str) -> str:
    return f"{kind}-{uuid.uuid4().hex[:12]}"
