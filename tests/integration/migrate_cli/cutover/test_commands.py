"""The cutover's commands, as an operator types them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from cutover_site import Operator
from project import SITE, Project
from relay import Relay


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A description of the cutover, with a front door of commands that know no other share than
    the one that was set."""
    share = tmp_path / "share"
    share.write_text("0")
    path = tmp_path / "wsmigrate.toml"
    path.write_text(
        f"""
[cutover]
percentages = [50, 100]
relayed_within_s = 1

[front_door]
kind = "command"
get = ["cat", "{share}"]
set = ["{sys.executable}", "-c", "open({str(share)!r}, 'w').write('{{percent}}')"]
"""
    )
    return path


def test_a_new_cutover_stands_at_its_beginning_and_its_plan_is_shown(operator: Operator) -> None:
    status = operator.json("status")
    assert (status["rung"], status["notify_backend"]) == ("legacy", "rabbitmq")
    assert "browsers connect straight to the old server" in operator.done("status")
    steps = operator.json("plan")["steps"]
    assert [step["stage"] for step in steps][:: len(steps) - 1] == ["door", "retired"]
    assert "have notify() publish to channels" in operator.done("plan")
    assert operator.done("history") == "Nothing was done yet.\n"


def test_a_dry_run_says_what_would_be_done_and_changes_nothing(operator: Operator) -> None:
    said = operator.done("advance")
    assert "would have browsers come by the front door" in said
    assert "nothing was changed. Add --execute" in said
    assert operator.json("advance")["executed"] is False
    assert operator.json("history") == []


def test_without_a_gate_that_knows_nothing_goes_up_unless_a_reason_is_given(
    operator: Operator, config: Path
) -> None:
    with config.open("a") as file:
        file.write('[gates]\noff = ["database-connections", "table-size"]\n')
    refused = operator.run("advance", "--execute", "--config", str(config))
    assert refused.returncode == 2
    assert "--accept-inconclusive" in refused.stderr
    reason = "the gates are not there yet"
    operator.done("advance", "--execute", "--accept-inconclusive", reason, "--config", str(config))
    assert operator.json("status")["rung"] == "door"
    entries = operator.json("history")
    assert [entry["event"] for entry in entries] == ["advance", "started", "done"]
    assert entries[0]["why"] == reason
    assert (entries[-1]["from"], entries[-1]["to"]) == ("legacy", "door")
    operator.done("rollback", "--execute", "--config", str(config))
    assert operator.json("status")["rung"] == "legacy"


def test_a_step_that_fails_is_undone_and_says_so(operator: Operator, config: Path) -> None:
    go = ("advance", "--execute", "--accept-inconclusive", "test", "--config", str(config))
    operator.done(*go)
    failed = operator.run(*go)
    assert failed.returncode == 3
    assert "nothing relays" in failed.stderr
    assert "Everything is as it was in 'door'." in failed.stderr
    assert operator.json("status")["rung"] == "door"


def test_what_a_program_says_is_written_down_whatever_it_is(
    operator: Operator, config: Path
) -> None:
    say = r"import sys; sys.stderr.buffer.write(b'bad \x00\xff news\n'); sys.exit(3)"
    program = json.dumps([sys.executable, "-c", say])
    text = config.read_text().replace("[cutover]", f"[cutover]\nopen_door = {program}")
    config.write_text(text)
    go = ("advance", "--execute", "--accept-inconclusive", "test \udcff", "--config", str(config))
    failed = operator.run(*go, WSMIGRATE_WHO="ada \udcff")
    assert failed.returncode == 3, failed.stderr
    assert operator.json("status")["goal"] is None
    entries = operator.json("history")
    assert (entries[0]["who"], entries[0]["why"]) == ("ada ?", "test ?")
    assert "ended with exit code 3: bad \N{REPLACEMENT CHARACTER}" in entries[2]["why"]


def test_while_it_is_paused_nothing_is_begun(operator: Operator, config: Path) -> None:
    assert "The cutover would be paused. Dry run" in operator.done("pause")
    operator.done("pause", "--execute", "--why", "lunch")
    refused = operator.run("advance", "--config", str(config))
    assert refused.returncode == 1
    assert "In stage 'legacy' there can be no 'advance'" in refused.stderr
    assert "It would go on. Dry run" in operator.done("resume")
    operator.done("resume", "--execute")
    assert operator.json("history")[0]["why"] == "lunch"
    assert operator.run("resume", "--execute").returncode == 1


def test_there_is_nothing_before_the_first_stage(operator: Operator) -> None:
    refused = operator.run("rollback")
    assert refused.returncode == 1
    assert "There is nothing before 'legacy'." in refused.stderr


@pytest.mark.parametrize(
    "statement", ["UPDATE wsmigrate_audit SET why = ''", "DELETE FROM wsmigrate_audit"]
)
def test_the_audit_log_cannot_be_changed(
    project: Project, operator: Operator, statement: str
) -> None:
    operator.done("pause", "--execute")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        project.execute(statement)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        project.execute("TRUNCATE wsmigrate_audit")


def test_without_the_tables_it_says_how_to_make_them(project: Project, operator: Operator) -> None:
    project.execute("DROP TABLE wsmigrate_state")
    ended = operator.run("status")
    assert ended.returncode == 2
    assert "python manage.py migrate --database channels_postgres" in ended.stderr


def test_init_writes_what_the_other_commands_read(operator: Operator, tmp_path: Path) -> None:
    path = tmp_path / "new.toml"
    words = ("--settings", "chatire.settings", "--percentages", "10,100", "--config", str(path))
    operator.done("init", *words)
    rungs = [step["rung"] for step in operator.json("plan", "--config", str(path))["steps"]]
    assert "canary 10" in rungs
    assert "canary 5" not in rungs
    again = operator.run("init", *words)
    assert again.returncode == 1
    assert "is there already" in again.stderr
    assert json.loads(operator.done("status", "--json", "--config", str(path)))["rung"] == "legacy"


def test_the_checklist_is_of_the_project_at_hand(operator: Operator, config: Path) -> None:
    text = operator.done("plan", "--checklist", "--config", str(config))
    assert text.startswith("# Cutover of chatire.settings\n")
    assert "guest:guest" not in text
    for rung in ("door", "shadow", "canary 50", "drain", "direct channels", "retired"):
        assert f"\n## {rung}\n" in text
    assert f"wsmigrate advance --config {config} --execute" in text


def test_a_database_that_is_away_is_named_with_the_reason(operator: Operator) -> None:
    dsn = operator.project.postgres_dsn
    ended = operator.run("status", WSMIGRATE_POSTGRES_DSN=f"{dsn}_of_nobody")
    assert ended.returncode == 2
    assert "does not exist. See that PostgreSQL is there" in ended.stderr
    assert urlsplit(dsn).password not in ended.stderr


def test_who_watches_sees_a_database_go_and_come_back(
    project: Project, free_port: Callable[[], int]
) -> None:
    place = urlsplit(project.postgres_dsn)
    between = Relay(free_port(), (str(place.hostname), int(place.port or 0)))
    dsn = project.postgres_dsn.replace(f":{place.port}/", f":{between.port}/")
    watching = subprocess.Popen(
        [sys.executable, "-m", "migrate_cli", "status", "--watch", "--json"],
        cwd=SITE,
        env={**project.environment, "WSMIGRATE_POSTGRES_DSN": dsn},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert watching.stdout is not None
    records = (json.loads(line) for line in watching.stdout)
    try:
        assert next(records)["rung"] == "legacy"
        between.cut()
        assert "cannot be had" in next(one for one in records if "rung" not in one)["unavailable"]
        between.restore()
        assert next(one for one in records if "rung" in one)["rung"] == "legacy"
    finally:
        watching.kill()
        watching.wait(10)
        watching.stdout.close()
        between.cut()
