"""``wsmigrate bridge run`` as an operator meets it."""

from __future__ import annotations

import signal
from collections.abc import Callable

import psycopg
import pytest

from project import Project, wait_until


def run_bridge(project: Project, *options: str) -> tuple[int, str]:
    ended = project.run("-m", "migrate_cli", "bridge", "run", *options, check=False)
    return ended.returncode, ended.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_exit_code_0(project: Project, number: signal.Signals) -> None:
    bridge = project.start_bridge()
    bridge.send_signal(number)
    assert bridge.wait(20) == 0
    assert "Stopped: 0 messages relayed" in project.log("bridge")()


def test_without_its_table_it_says_what_to_run(
    project: Project, new_database: Callable[[], str]
) -> None:
    project.postgres_dsn = new_database()
    code, said = run_bridge(project)
    assert code == 2
    assert "python manage.py migrate --database channels_postgres" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"DJANGO_SETTINGS_MODULE": ""}, "was not told which"),
        ({"DJANGO_SETTINGS_MODULE": "no.such.settings"}, "'no.such.settings' cannot be loaded"),
        ({"WSMIGRATE_AMQP_URL": "http://user:s3cr3t@host/"}, "AMQP URL"),
        ({"WSMIGRATE_POSTGRES_DSN": ""}, "in-memory layer"),
        ({"WSMIGRATE_AMQP_URL": "amqp://user:s3cr3t@host?nosuch=1"}, "not known: 'nosuch'"),
        ({"WSMIGRATE_AMQP_URL": "amqp://user:s3cr3t@host?heartbeat=abc"}, "a whole number"),
        (
            {"WSMIGRATE_AMQP_URL": "amqps://u:s3cr3t@host?ssl_options={'cafile': '/no/such'}"},
            "cannot be used (FileNotFoundError)",
        ),
    ],
)
def test_a_wrong_setting_is_one_sentence_and_exit_code_2(
    project: Project, variables: dict[str, str], complaint: str
) -> None:
    project.variables = variables
    code, said = run_bridge(project)
    assert code == 2
    assert complaint in said
    assert "Traceback" not in said
    assert "s3cr3t" not in said


def test_a_wrong_password_is_told_without_showing_it(project: Project) -> None:
    project.amqp_url = project.amqp_url.replace("guest:guest@", "guest:s3cr3t@")
    code, said = run_bridge(project)
    assert code == 2
    assert "refuses the bridge" in said
    assert "Traceback" not in said
    assert "s3cr3t" not in said


@pytest.mark.parametrize(
    ("login", "database", "complaint"),
    [
        ("with_password:s3cr3t", None, "password authentication failed"),
        ("with_password:right", "no_such_database", "does not exist"),
        ("no_such_role:s3cr3t", None, "authentication failed"),
    ],
)
def test_a_postgresql_that_refuses_the_login_is_told_without_the_password(
    project: Project, login: str, database: str | None, complaint: str
) -> None:
    server, _, own_database = project.postgres_dsn.rpartition("/")
    with psycopg.connect(project.postgres_dsn, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS with_password")
        connection.execute("CREATE ROLE with_password LOGIN PASSWORD 'right'")
    place = server.rpartition("@")[2].removeprefix("postgresql://")
    project.postgres_dsn = f"postgresql://{login}@{place}/{database or own_database}"
    code, said = run_bridge(project)
    assert code == 2
    assert "The database 'channels_postgres' refuses the bridge" in said
    assert complaint in said
    assert "Traceback" not in said
    assert "s3cr3t" not in said


def test_a_broker_that_is_away_at_the_start_is_waited_for(project: Project) -> None:
    project.amqp_url = f"amqp://guest:guest@127.0.0.1:{project.free_port()}/"
    bridge = project.start("-m", "migrate_cli", "bridge", "run", log="waiting")
    wait_until(lambda: "Trying again" in project.log("waiting")(), project.log("waiting"))
    assert bridge.poll() is None
    assert "Traceback" not in project.log("waiting")()


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("import os\nX = os.environ['NO_SUCH_VARIABLE']", "'NO_SUCH_VARIABLE' ({file}, line 2)"),
        ("X = (", "SyntaxError ({file}, line 1)"),
        ("X = 1\nraise ValueError('s3cr3t')", "ValueError ({file}, line 2)"),
        ("import no_such_module", "No module named 'no_such_module' ({file}, line 1)"),
        ("SECRET_KEY = 'x'", "has no 'default'"),
        ("SECRET_KEY = 'x'\nWSMIGRATE = {1: 2, 'X': 3}", "not known: 1, X"),
    ],
)
def test_settings_that_fail_are_told_with_their_line(
    project: Project, source: str, complaint: str
) -> None:
    file = project.folder / "failing_settings.py"
    file.write_text(source)
    project.variables = {
        "DJANGO_SETTINGS_MODULE": "failing_settings",
        "PYTHONPATH": str(project.folder),
    }
    code, said = run_bridge(project)
    assert code == 2, said
    assert complaint.format(file=file) in said
    assert "Traceback" not in said
    assert "s3cr3t" not in said
