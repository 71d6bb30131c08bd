"""``wsmigrate doctor``, on real services that are as they should be, and as they should not."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pika
import psycopg
import pytest

from broker_control import BrokerControl
from cutover_site import Operator
from dev_stack.parts import PartSpec
from dev_stack.probes import runtime_socket_answers
from dev_stack.runtime import Runtime
from migrate_cli.doctor.streams import broker_clock
from migrate_cli.routers.render.haproxy import (
    FIRST_STATE,
    HaproxyFiles,
    haproxy_configuration,
)
from migrate_cli.routers.render.options import RenderOptions
from private_services import Services
from project import ROOT, SITE, Project
from two_servers import NamedServer
from wsmigrate.doctor.findings import Level


@dataclass(frozen=True)
class Looked:
    """What the doctor said."""

    code: int
    findings: list[dict[str, str]]

    def of(self, check: str) -> list[dict[str, str]]:
        return [one for one in self.findings if one["check"] == check]

    def levels(self, check: str) -> set[str]:
        return {one["level"] for one in self.of(check)}

    def to_mend(self) -> list[str]:
        return [one["what"] for one in self.findings if one["level"] == "mend"]

    def __str__(self) -> str:
        return "\n".join(map(str, self.findings))


def look(project: Project, *words: str, **variables: str) -> Looked:
    ended = Operator(project).run("doctor", "--json", *words, **variables)
    assert "Traceback" not in ended.stderr, ended.stderr
    assert ended.stdout, ended.stderr
    record: dict[str, Any] = json.loads(ended.stdout)
    assert record["exit_code"] == ended.returncode
    return Looked(ended.returncode, record["findings"])


def test_a_site_that_is_fit_has_nothing_to_mend(project: Project) -> None:
    ini = ROOT / "legacy_uwsgi_ws" / "uwsgi.ini"
    found = look(project, "--uwsgi-ini", str(ini))
    assert found.to_mend() == [], str(found)
    assert found.code == 0
    good = ("versions", "broker", "broker permissions", "streams", "postgres", "connections")
    for check in (*good, "sockets", "open files", "clock", "pooler", "migrations"):
        assert "good" in found.levels(check), (check, str(found))
    assert len(found.of("clock")) == 2


def test_nothing_of_it_stays_in_the_broker(project: Project, services: Services) -> None:
    look(project)
    rabbitmqctl = BrokerControl(services)
    names = rabbitmqctl("list_queues", "name") + rabbitmqctl("list_exchanges", "name")
    assert "doctor" not in names


def test_for_people_it_says_what_to_do(project: Project) -> None:
    ended = Operator(project).run("doctor", "--sockets", "900000", "--servers", "1")
    assert ended.returncode == 1
    assert "mend     sockets: 1 servers take 20000 sockets" in ended.stdout
    assert "Raise WSMIGRATE['MAX_SOCKETS'], or run more servers." in ended.stdout
    assert "to mend," in ended.stdout


@pytest.fixture
def broker_user(services: Services) -> Iterator[Callable[[str, str, str], str]]:
    """Makes a user with these patterns to configure, write and read; his URL."""
    rabbitmqctl = BrokerControl(services)
    names: list[str] = []

    def make(configure: str, write: str, read: str) -> str:
        names.append(f"user-{uuid.uuid4().hex[:8]}")
        rabbitmqctl("add_user", names[-1], "very-secret")
        rabbitmqctl("set_permissions", "-p", "/", names[-1], configure, write, read)
        return services.rabbitmq().replace("guest:guest", f"{names[-1]}:very-secret")

    yield make
    for name in names:
        rabbitmqctl("delete_user", name)


@pytest.mark.parametrize(
    ("patterns", "refused"),
    [
        (("", "", ""), "may not configure exchanges of rooms"),
        ((r"^wsmigrate\.", ".*", ".*"), "may not configure exchanges of rooms"),
        (("^wsmigrate-", ".*", ".*"), "may not configure inboxes"),
        ((".*", r"^wsmigrate\.", ".*"), "may not write to exchanges of rooms"),
        ((".*", ".*", "^wsmigrate-"), "may not read inboxes"),
        ((".*", ".*", r"^wsmigrate\.inbox"), "may not bind inboxes to rooms"),
    ],
)
def test_what_a_user_of_the_broker_may_not_is_found_by_trying(
    project: Project,
    broker_user: Callable[[str, str, str], str],
    patterns: tuple[str, str, str],
    refused: str,
) -> None:
    project.amqp_url = broker_user(*patterns)
    found = look(project)
    told = [one for one in found.of("broker permissions") if one["level"] == "mend"]
    assert any(refused in one["what"] for one in told), told
    assert all("set_permissions" in one["remedy"] for one in told)
    assert found.code == 1
    assert "very-secret" not in str(found)


def test_a_user_with_just_the_permissions_that_are_needed_is_fit(
    project: Project, broker_user: Callable[[str, str, str], str]
) -> None:
    project.amqp_url = broker_user(".*", ".*", ".*")
    assert look(project).levels("broker permissions") == {"good"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("guest:guest@", "guest:wrong-secret@"), "refuses the login"),
        (("/%2F", "/elsewhere"), "virtual host"),
    ],
)
def test_a_login_that_is_refused_is_told_without_the_password(
    project: Project, change: tuple[str, str], said: str
) -> None:
    project.amqp_url = project.amqp_url.replace(*change)
    found = look(project)
    assert said in found.of("broker")[0]["what"], str(found)
    assert found.levels("streams") == {"unknown"}
    assert "wrong-secret" not in str(found)


def test_services_that_are_away_are_told_and_the_rest_is_looked_at(
    project: Project, free_port: Callable[[], int]
) -> None:
    project.amqp_url = f"amqp://guest:hidden-one@127.0.0.1:{free_port()}/%2F"
    project.postgres_dsn = f"postgresql://me:hidden-two@127.0.0.1:{free_port()}/layer"
    found = look(project)
    assert found.code == 1
    for check in ("broker", "postgres", "pooler"):
        assert "cannot be reached" in found.of(check)[0]["what"], str(found)
    assert found.levels("versions") == {"good"}
    assert found.levels("migrations") == {"unknown"}
    assert "hidden" not in str(found)


def test_missing_migrations_are_told_with_the_command_that_runs_them(
    project: Project, new_database: Callable[[], str]
) -> None:
    project.postgres_dsn = new_database()
    found = look(project)
    (told,) = found.of("migrations")
    assert told["level"] == "mend"
    assert "migrations are not applied: channels_" in told["what"]
    assert told["remedy"] == "python manage.py migrate --database channels_postgres"


def test_too_few_connections_are_told(project: Project) -> None:
    found = look(project, "--servers", "60", "--publishers", "100")
    assert found.levels("connections") == {"mend"}
    assert "max_connections" in found.of("connections")[0]["remedy"]


def test_the_limit_of_the_role_is_looked_at(project: Project) -> None:
    role = f"limited_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(project.postgres_dsn, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'pw' CONNECTION LIMIT 7")
        connection.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")
        owner = urlsplit(project.postgres_dsn)
        dsn = project.postgres_dsn
        try:
            project.postgres_dsn = dsn.replace(f"{owner.username}:{owner.password}@", f"{role}:pw@")
            found = look(project)
        finally:
            project.postgres_dsn = dsn
            connection.execute(f"DROP OWNED BY {role}")
            connection.execute(f"DROP ROLE {role}")
    assert "The role may have 7 connections" in str(found.of("connections")), str(found)


def test_a_pooler_in_transaction_mode_is_found(project: Project, services: Services) -> None:
    database = urlsplit(project.postgres_dsn).path
    project.postgres_dsn = services.pgbouncer().rpartition("/")[0] + database
    found = look(project)
    assert found.levels("pooler") == {"mend", "advice"}, str(found)
    assert "LISTEN" in found.of("pooler")[0]["what"]


def test_the_clock_of_the_broker_is_compared_by_what_its_streams_keep(amqp_url: str) -> None:
    """Our clock is set wrong in place of the broker's: there is one clock on this machine."""
    stream = f"wsmigrate.inbox.doctor-{uuid.uuid4().hex}"
    with closing(pika.BlockingConnection(pika.URLParameters(amqp_url))) as connection:
        channel = connection.channel()
        channel.queue_declare(stream, durable=True, arguments={"x-queue-type": "stream"})
        channel.confirm_delivery()
        now = time.time()
        channel.basic_publish("", stream, b"now")
        try:
            agrees = broker_clock(connection, stream, now)
            ours_is_ahead = broker_clock(connection, stream, now + 3600)
            ours_is_behind = broker_clock(connection, stream, now - 3600)
        finally:
            connection.channel().queue_delete(stream)
    assert agrees.level is Level.GOOD
    assert "behind" in ours_is_ahead.what
    assert "ahead of" in ours_is_behind.what


def test_without_a_project_it_says_so_and_looks_at_the_rest(project: Project) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "migrate_cli", "doctor", "--json"],
        cwd=project.folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.stderr == ""
    found = Looked(ended.returncode, json.loads(ended.stdout)["findings"])
    assert found.code == 2, str(found)
    assert found.levels("project") == {"unknown"}
    assert found.levels("broker") == found.levels("postgres") == {"unknown"}


@pytest.mark.parametrize(
    "text",
    [
        "no toml",
        "[gates]\nwindow = 3",
        '[front_door]\nkind = "other"',
        "[cutover]\npercentages = 1",
    ],
)
def test_a_description_that_is_wrong_is_a_finding_of_its_own(
    project: Project, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    found = look(project, "--config", str(path))
    assert found.levels("wsmigrate.toml") == {"mend"}
    assert found.levels("broker") == {"good"}


def test_settings_that_cannot_be_loaded_are_a_finding(project: Project) -> None:
    found = look(project, DJANGO_SETTINGS_MODULE="no.such.settings")
    assert found.levels("project") == {"mend"}
    assert found.code == 1


def test_the_options_of_uwsgi_are_read_from_the_file(project: Project, tmp_path: Path) -> None:
    ini = tmp_path / "uwsgi.ini"
    ini.write_text("[uwsgi]\nhttp = :8081\nprocesses = 4\nharakiri = 30\n")
    told = str(look(project, "--uwsgi-ini", str(ini)).of("uwsgi"))
    for words in ("no gevent", "harakiri", "no master", "passes no WebSockets"):
        assert words in told
    assert look(project, "--uwsgi-ini", str(tmp_path / "none.ini")).levels("uwsgi") == {"unknown"}


STRICT = """
from chatire.settings import *
WSMIGRATE = {**WSMIGRATE, "ALLOWED_ORIGINS": ["https://chat.example.com"]}
"""


@dataclass
class Doors:
    """Starts an HAProxy in front of a real new server, as rendered or with a line of difference."""

    project: Project
    runtime: Runtime
    program: Path
    legacy: NamedServer

    def open(self, change: Callable[[str], str] = str, percent: int = 100) -> str:
        (self.project.folder / "strict_settings.py").write_text(STRICT)
        self.project.variables = {
            "DJANGO_SETTINGS_MODULE": "strict_settings",
            "PYTHONPATH": f"{SITE}:{self.project.folder}",
        }
        new = self.project.serve("--drain-delay", "0")
        front = self.project.free_port()
        home = self.runtime.folder / "door"
        home.mkdir()
        files = HaproxyFiles(home / "admin.sock", home / "servers.state")
        options = RenderOptions(
            listen=(f"127.0.0.1:{front}",),
            legacy=(f"127.0.0.1:{self.legacy.port}",),
            channels=(f"127.0.0.1:{new.port}",),
            percent=percent,
        )
        files.state_file.write_text(FIRST_STATE)
        (home / "haproxy.cfg").write_text(change(haproxy_configuration(options, files)))
        self.runtime.supervisor.start(
            PartSpec(
                name="door",
                command=(str(self.program), "-db", "-f", str(home / "haproxy.cfg")),
                cwd=home,
                probe=runtime_socket_answers(files.runtime_socket, front),
                stop_grace_s=2.0,
            )
        )
        self.runtime.supervisor.wait_until_ready("door")
        return f"ws://127.0.0.1:{front}"

    def look(self, url: str) -> Looked:
        return look(self.project, "--url", url)


@pytest.fixture
def doors(project: Project, haproxy_program: Path) -> Iterator[Doors]:
    with Runtime(lambda _: None) as runtime:
        legacy = NamedServer("legacy", runtime.ports.free())
        legacy.start()
        yield Doors(project, runtime, haproxy_program, legacy)
        legacy.stop()


def test_a_rendered_front_door_hands_on_address_and_origin(doors: Doors) -> None:
    found = doors.look(doors.open())
    for check in ("front door", "forwarded headers", "origin"):
        assert found.levels(check) == {"good"}, str(found)


def test_a_door_by_which_clients_choose_their_address_is_found(doors: Doors) -> None:
    url = doors.open(lambda text: text.replace("http-request del-header X-Forwarded-For", ""))
    found = doors.look(url)
    assert found.levels("forwarded headers") == {"mend"}, str(found)
    assert "can choose the address" in found.of("forwarded headers")[0]["what"]


def test_a_door_that_changes_the_origin_is_found(doors: Doors) -> None:
    line = "    option forwardfor\n    http-request set-header Origin https://chat.example.com"
    found = doors.look(doors.open(lambda text: text.replace("    option forwardfor", line, 1)))
    assert "mend" in found.levels("origin"), str(found)
    assert "A page of another site was let in" in found.of("origin")[0]["what"]


def test_a_door_that_sends_nobody_to_the_new_server_yet_is_not_judged_by_it(doors: Doors) -> None:
    found = doors.look(doors.open(percent=0))
    assert found.levels("forwarded headers") == {"skipped"}, str(found)
    assert found.levels("front door") == {"good"}
    assert {entry["path"].split("?")[0] for entry in doors.legacy.handler.seen}


def test_where_nobody_answers_the_front_door_is_to_be_mended(
    project: Project, free_port: Callable[[], int]
) -> None:
    found = look(project, "--url", f"ws://127.0.0.1:{free_port()}")
    assert found.levels("front door") == {"mend"}
    assert found.code == 1
