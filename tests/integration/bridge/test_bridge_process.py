"""``wsmigrate bridge run`` as an operator meets it."""

from __future__ import annotations

import signal
from collections.abc import Callable

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


def test_a_broker_that_is_away_at_the_start_is_waited_for(project: Project) -> None:
    project.amqp_url = f"amqp://guest:guest@127.0.0.1:{project.free_port()}/"
    bridge = project.start("-m", "migrate_cli", "bridge", "run", log="waiting")
    wait_until(lambda: "Trying again" in project.log("waiting")(), project.log("waiting"))
    assert bridge.poll() is None
    assert "Traceback" not in project.log("waiting")()
