"""A private PgBouncer in transaction mode, in front of a private PostgreSQL.

A connection through it changes the PostgreSQL session with each transaction, so what belongs to a
session, LISTEN above all, does not work through it.
"""

from __future__ import annotations

import pwd
import shutil
import signal
from pathlib import Path
from urllib.parse import urlsplit

from dev_stack.parts import PartSpec
from dev_stack.ports import HOST, Ports
from dev_stack.probes import postgres_takes
from dev_stack.services import LocalService
from dev_stack.services.postgres_programs import server_user

NAME = "pgbouncer"

_DEBIAN = Path("/usr/sbin/pgbouncer")


def installed_program() -> Path | None:
    """A pgbouncer on PATH, or where Debian puts it."""
    on_path = shutil.which("pgbouncer")
    if on_path:
        return Path(on_path)
    return _DEBIAN if _DEBIAN.exists() else None


def private_pgbouncer(program: Path, folder: Path, ports: Ports, dsn: str) -> LocalService:
    """A pooler in front of the server of ``dsn``, for its user, all of its databases."""
    home = folder / NAME
    home.mkdir(mode=0o700)
    user = server_user()  # PgBouncer too refuses to be root's
    port = ports.free()
    server = urlsplit(dsn)
    users = home / "users.txt"
    settings = home / "pgbouncer.ini"
    users.touch(mode=0o600)
    users.write_text(f'"{server.username}" "{server.password}"\n', encoding="utf-8")
    settings.write_text(configuration(port, server.port or 5432, users), encoding="utf-8")
    if user:
        for path in (home, users, settings):
            shutil.chown(path, user, pwd.getpwnam(user).pw_gid)
    login = f"{server.username}:{server.password}"
    pooled = f"postgresql://{login}@{HOST}:{port}{server.path}"
    return LocalService(
        PartSpec(
            name=NAME,
            command=(str(program), str(settings)),
            cwd=home,
            probe=postgres_takes(pooled),
            user=user,
            stop_signal=signal.SIGTERM,  # at once: it does not wait for its clients
            stop_grace_s=2.0,
        ),
        pooled,
    )


def configuration(port: int, server_port: int, users: Path) -> str:
    """Its pgbouncer.ini."""
    return f"""\
[databases]
* = host={HOST} port={server_port}

[pgbouncer]
listen_addr = {HOST}
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
pool_mode = transaction
# Clients name these at the start; they would change with the session.
ignore_startup_parameters = extra_float_digits,options
"""
