"""A private Redis, to compare other channel layers with: it keeps nothing on the disk."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

from dev_stack.parts import PartSpec
from dev_stack.ports import HOST, Ports
from dev_stack.probes import redis_answers
from dev_stack.services import LocalService

NAME = "redis"


def installed_program() -> Path | None:
    """A redis-server on PATH."""
    found = shutil.which("redis-server")
    return Path(found) if found else None


def private_redis(program: Path, folder: Path, ports: Ports) -> LocalService:
    """A server that asks for a password. One that is started again is empty."""
    home = folder / NAME
    home.mkdir(mode=0o700)
    password = secrets.token_urlsafe(18)
    port = ports.free()
    settings = home / "redis.conf"
    settings.touch(mode=0o600)
    settings.write_text(configuration(port, password, home), encoding="utf-8")
    return LocalService(
        PartSpec(
            name=NAME,
            command=(str(program), str(settings)),
            cwd=home,
            probe=redis_answers(port, password),
            others_need_it=True,
            stop_grace_s=2.0,
        ),
        f"redis://:{password}@{HOST}:{port}/0",
    )


def configuration(port: int, password: str, home: Path) -> str:
    """Its redis.conf."""
    return f"""\
bind {HOST}
port {port}
requirepass {password}
dir {home}
daemonize no
save ""
appendonly no
"""
