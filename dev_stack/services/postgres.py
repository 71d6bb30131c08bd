"""A private PostgreSQL server: a program on the machine, or the one that comes as a wheel."""

from __future__ import annotations

import pwd
import secrets
import shutil
import signal
from pathlib import Path

from dev_stack.logs import last_words
from dev_stack.marks import Mark
from dev_stack.parts import PartSpec
from dev_stack.ports import HOST, Ports
from dev_stack.probes import postgres_takes
from dev_stack.services import LocalService
from dev_stack.services.postgres_programs import run_as, server_user
from wsmigrate.errors import UnavailableError

NAME = "postgres"


def private_postgres(programs: Path, folder: Path, ports: Ports, mark: Mark) -> LocalService:
    """A server with a superuser ``wsmigrate`` and the database ``postgres``, which is empty.

    It asks for a password, because on loopback every user of the machine could come in without one,
    and a superuser of a database can start programs. It may lose data when the machine goes down,
    not when it is killed: no fsync.
    """
    user = server_user()
    home = folder / NAME
    home.mkdir(mode=0o700)
    if user:
        shutil.chown(home, user, pwd.getpwnam(user).pw_gid)
    password = secrets.token_urlsafe(18)
    _init(programs, home, user, password, mark)
    port = ports.free()
    dsn = f"postgresql://wsmigrate:{password}@{HOST}:{port}/postgres"
    return LocalService(
        PartSpec(
            name=NAME,
            command=(str(programs / "postgres"), "-D", str(home / "data"), *options(home, port)),
            cwd=home,
            probe=postgres_takes(dsn),
            user=user,
            stop_signal=signal.SIGINT,  # a fast shutdown: it does not wait for its clients
            others_need_it=True,
            stop_grace_s=3.0,
        ),
        dsn,
    )


def options(home: Path, port: int) -> tuple[str, ...]:
    """The server's settings, as arguments."""
    settings = {
        "listen_addresses": HOST,
        "port": str(port),
        "unix_socket_directories": str(home),
        "fsync": "off",
        "full_page_writes": "off",
        # POSIX shared memory would outlive a killed server, in /dev/shm.
        "dynamic_shared_memory_type": "mmap",
        "logging_collector": "off",
        "log_destination": "stderr",
    }
    return tuple(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))


def _init(programs: Path, home: Path, user: str | None, password: str, mark: Mark) -> None:
    secret = home / "password"
    secret.touch(mode=0o600)
    secret.write_text(password, encoding="ascii")
    if user:
        shutil.chown(secret, user)
    log = home / "initdb.log"
    command = [
        str(programs / "initdb"),
        f"--pgdata={home / 'data'}",
        "--username=wsmigrate",
        f"--pwfile={secret}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--no-sync",
    ]
    if not run_as(user, command, log=log, mark=mark.of_part(NAME)):
        raise UnavailableError(f"PostgreSQL's initdb failed; {last_words(log)}")
    secret.unlink()
