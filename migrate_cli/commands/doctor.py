"""``wsmigrate doctor``: whether the site is fit for a cutover."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from migrate_cli.cutover.options import site_options
from migrate_cli.django_project import need_packages, set_up_django
from migrate_cli.doctor.context import Context
from migrate_cli.doctor.run import findings_of
from migrate_cli.wiring import document_of
from wsmigrate.cutover_config import cutover_config
from wsmigrate.doctor.capacity import Expected
from wsmigrate.doctor.findings import Finding, Level, exit_code_of
from wsmigrate.errors import WsmigrateError

_STYLES = {
    Level.GOOD: "green",
    Level.ADVICE: "cyan",
    Level.SKIPPED: "dim",
    Level.UNKNOWN: "yellow",
    Level.MEND: "bold red",
}
_ABOVE_0 = click.IntRange(min=1)
_USUAL = Expected()


@click.command()
@site_options
@click.option("--sockets", type=_ABOVE_0, default=_USUAL.sockets, show_default=True)
@click.option("--servers", type=_ABOVE_0, default=_USUAL.servers, show_default=True)
@click.option("--bridges", type=_ABOVE_0, default=_USUAL.bridges, show_default=True)
@click.option("--publishers", type=_ABOVE_0, default=_USUAL.publishers, show_default=True)
@click.option(
    "--uwsgi-ini",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The ini file that the old server's uWSGI reads.",
)
@click.option("--url", default="", help="Where browsers come in (default: as the file says).")
def doctor(
    *,
    config_file: Path | None,
    settings: str | None,
    as_json: bool,
    uwsgi_ini: Path | None,
    url: str,
    **expected: int,
) -> int:
    """Look whether the site is fit for a cutover, with so many sockets in all and so many processes
    of the new server, bridges, and processes that call notify().

    What is tried in the broker has names of its own and is removed again; else nothing is changed.
    Exit code 0 if nothing is wrong, 1 if something has to be mended, 2 if something could not be
    looked at.
    """
    first: list[Finding] = []
    document = _document(config_file, first)
    context = _context(document, settings, first)
    context = Context(
        Expected(**expected), document, uwsgi_ini, url, context.loaded, context.not_loaded
    )
    findings = list(first)
    console = Console(highlight=False, soft_wrap=True)
    if not as_json:
        for finding in first:
            _show(console, finding)
    for finding in findings_of(context):
        findings.append(finding)
        if not as_json:
            _show(console, finding)
    code = exit_code_of(findings)
    if as_json:
        record = {"exit_code": int(code), "findings": [one.as_record() for one in findings]}
        click.echo(json.dumps(record, ensure_ascii=False))
    else:
        counts = {level: sum(one.level is level for one in findings) for level in Level}
        console.print(
            f"\n{counts[Level.MEND]} to mend, {counts[Level.UNKNOWN]} could not be looked at, "
            f"{counts[Level.ADVICE]} pieces of advice"
        )
    return int(code)


def _document(config_file: Path | None, found: list[Finding]) -> Mapping[str, Any]:
    try:
        document = document_of(config_file)
    except WsmigrateError as error:
        found.append(Finding("wsmigrate.toml", Level.MEND, error.what, error.remedy))
        return {}
    if not document:
        what = "There is no wsmigrate.toml in this folder."
        found.append(Finding("wsmigrate.toml", Level.SKIPPED, what, "Write one: wsmigrate init"))
    return document


def _context(document: Mapping[str, Any], settings: str | None, found: list[Finding]) -> Context:
    """The project, if it can be loaded; a description that is wrong is a finding of its own."""
    named = settings or os.environ.get("DJANGO_SETTINGS_MODULE")
    try:
        named = settings or _checked(document) or named
    except WsmigrateError as error:
        found.append(Finding("wsmigrate.toml", Level.MEND, error.what, error.remedy))
    if not named:
        what = "Which Django settings the project has was not said."
        remedy = "Use --settings, set DJANGO_SETTINGS_MODULE, or write it into wsmigrate.toml."
        found.append(Finding("project", Level.UNKNOWN, what, remedy))
        return Context(not_loaded=what)
    try:
        need_packages("doctor", "django", "psycopg", "pika")
        set_up_django("The doctor", named)
        from bridge.settings import project_config  # noqa: PLC0415 - needs Django

        return Context(loaded=project_config())
    except WsmigrateError as error:
        found.append(Finding("project", Level.MEND, error.what, error.remedy))
        return Context(not_loaded="The project could not be loaded, see above.")


def _checked(document: Mapping[str, Any]) -> str | None:
    """The settings module that the file names. Raises ConfigError for whatever table is wrong."""
    from migrate_cli.drain.settings import drain_settings_of  # noqa: PLC0415
    from migrate_cli.gates.settings import gate_settings_of  # noqa: PLC0415
    from migrate_cli.routers.settings import TABLE, front_door_of  # noqa: PLC0415

    config = cutover_config(document)
    gate_settings_of(document)
    drain_settings_of(document, {})
    if TABLE in document:
        front_door_of(document[TABLE])
    return config.settings


def _show(console: Console, finding: Finding) -> None:
    line = Text(f"{finding.level.value:<8}", _STYLES[finding.level])
    line.append(f" {finding.check}: {finding.what}", "default")
    console.print(line)
    if finding.remedy:
        console.print(f"         {finding.remedy}", markup=False)
