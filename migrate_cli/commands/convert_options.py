"""What ``wsmigrate scan`` and ``wsmigrate convert`` have in common."""

from __future__ import annotations

import gc
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from migrate_cli.convert.project import Options, Project
from migrate_cli.convert.registry import Phase, Rule, all_rules
from wsmigrate.errors import ConfigError

_PYTHON = re.compile(r"3\.(\d{1,2})")
_OLDEST = 11  # of the new server


def rule_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options ``--only``, ``--skip`` and ``--python``."""
    for option in (
        click.option("--only", multiple=True, metavar="RULE", help="Only this rule (repeatable)."),
        click.option("--skip", multiple=True, metavar="RULE", help="Not this rule (repeatable)."),
        click.option(
            "--python",
            metavar="3.X",
            help="The Python that the project is to run on (default: the one that runs this).",
        ),
    ):
        command = option(command)
    return command


def say(text: str, *, newline: bool = True, to_stderr: bool = False) -> None:
    """Print a text, with names of files as the file system has them: they may be no UTF-8."""
    click.echo(text.encode("utf-8", "surrogateescape"), nl=newline, err=to_stderr)


@contextmanager
def without_collector() -> Iterator[None]:
    """Trees of code are millions of objects that all stay: looking for garbage among them takes a
    third of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def chosen_rules(phase: Phase, only: tuple[str, ...], skip: tuple[str, ...]) -> list[Rule]:
    """The rules of a phase, less those that are not wanted. Raises ConfigError for a name that no
    rule of the phase has."""
    rules = {rule.name: rule for rule in all_rules() if rule.phase is phase}
    for name in (*only, *skip):
        if name not in rules:
            raise ConfigError(
                f"There is no rule {name!r}.", remedy=f"The rules are {', '.join(sorted(rules))}."
            )
    return [rule for name, rule in rules.items() if name not in skip and (not only or name in only)]


def read_project(path: Path, python: str | None, *, prefilter: bool = True) -> Project:
    """The project in a folder. Raises ConfigError for a Python that cannot be."""
    version = sys.version_info[:2]
    if python is not None:
        found = _PYTHON.fullmatch(python)
        if found is None or int(found[1]) < _OLDEST:
            raise ConfigError(
                f"--python is {python!r}.",
                remedy=f"The new server needs 3.{_OLDEST} or newer; write it as 3.{_OLDEST}.",
            )
        version = (3, int(found[1]))
    return Project.read(path, Options(version, prefilter))
