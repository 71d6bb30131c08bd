"""The new server with a guard, as a process, and clients with tokens of every kind."""

from __future__ import annotations

import json
import re
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from project import ROOT, SITE, Project

KEY = "a key of this test alone, long enough for HS256"
OPEN_LIMIT_S = 60


@dataclass(frozen=True)
class GuardedServer:
    """A running server, and how to open sockets on it."""

    project: Project
    url: str

    def open(self, room: str, **options: Any) -> ClientConnection:
        """A socket; ``options`` are those of ``connect``."""
        return connect(f"{self.url}/{room}", compression=None, open_timeout=OPEN_LIMIT_S, **options)

    def answer(self, room: str, token: str | None = None, **options: Any) -> int:
        """The status of a handshake, with the token in a header if there is one."""
        if token is not None:
            options["additional_headers"] = {"Authorization": f"Bearer {token}"}
        try:
            with self.open(room, **options) as client:
                assert client.response is not None
                return client.response.status_code
        except InvalidStatus as refused:
            return refused.response.status_code

    def figure(self, name: str, **labels: str) -> float:
        """A figure of its metrics; 0 where it was not counted yet."""
        said = httpx.get(self.url.replace("ws:", "http:") + "/figures", timeout=30).text
        inner = ",".join(f'{key}="{value}"' for key, value in labels.items())
        pattern = re.escape(f"{name}_total" + (f"{{{inner}}}" if inner else ""))
        found = re.search(rf"^{pattern} (\S+)$", said, re.MULTILINE)
        return float(found[1]) if found else 0.0

    def log(self) -> str:
        return self.project.log("channels")()


def start(project: Project, apps: tuple[str, ...] = (), **wsmigrate: Any) -> GuardedServer:
    """Start the server with these keys of WSMIGRATE."""
    prepare(project, apps, **wsmigrate)
    url, _ = project.start_server("guarded_asgi:application")
    return GuardedServer(project, url)


def prepare(project: Project, apps: tuple[str, ...] = (), **wsmigrate: Any) -> None:
    """Set the project's environment, without starting anything."""
    project.variables = {
        **project.variables,
        "DJANGO_SETTINGS_MODULE": "guarded_settings",
        "PYTHONPATH": f"{SITE}:{ROOT}:{Path(__file__).parent}",
        "CHATIRE_SECRET_KEY": KEY,
        "TEST_APPS": json.dumps(apps),
        "TEST_WSMIGRATE": json.dumps(wsmigrate),
    }


def with_users(project: Project, script: str = "") -> str:
    """Make the site's tables and its users, then run ``script``; returns what it prints.

    Ada (1) may everything, Ben (2) is a user like any other, Cem (3) is no longer active, and Dee
    (4) is deleted.
    """
    project.run("manage.py", "migrate", "--verbosity", "0")
    users = (
        "from django.contrib.auth.models import User\n"
        "ada, ben, cem, dee = (\n"
        "    User.objects.create(username=name, is_active=name != 'cem')\n"
        "    for name in ('ada', 'ben', 'cem', 'dee')\n"
        ")\n"
        "dee.delete()\n"
    )
    return project.run("-c", f"import django; django.setup()\n{users}{script}").stdout.strip()


def token(user: int | str = 1, *, key: str = KEY, algorithm: str = "HS256", **claims: Any) -> str:
    """An access token as the site makes them, but for what is said."""
    payload = {
        "token_type": "access",
        "exp": int(time.time()) + 600,
        "jti": uuid.uuid4().hex,
        "user_id": str(user),
        **claims,
    }
    given = {name: value for name, value in payload.items() if value is not None}
    return jwt.encode(given, key, algorithm=algorithm)
