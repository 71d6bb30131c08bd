"""`manage.py wsmigrate …` passes its words on."""

from __future__ import annotations

import click
import pytest
from django.core.management.base import CommandError

from channels_ws.management.commands.wsmigrate import Command
from migrate_cli.cli import cli

NAMES = cli.list_commands(click.Context(cli))


@pytest.mark.parametrize("name", NAMES)
def test_every_command_is_reached(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        Command().run_from_argv(["manage.py", "wsmigrate", name, "--help"])
    assert ended.value.code == 0
    assert f"manage.py wsmigrate {name}" in capsys.readouterr().out


def test_words_that_make_no_sense_end_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        Command().run_from_argv(["manage.py", "wsmigrate", "fly"])
    assert ended.value.code == 2
    assert "No such command 'fly'" in capsys.readouterr().err


def test_called_by_code_a_failure_is_an_error_with_the_exit_code() -> None:
    with pytest.raises(CommandError) as raised:
        Command().handle(words=["fly"])
    assert raised.value.returncode == 2
    Command().handle(words=["--version"])
