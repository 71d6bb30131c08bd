"""``wsmigrate convert``: rewrite a project for the cutover, or for the time after it."""

from __future__ import annotations

import json
from pathlib import Path

import click

from migrate_cli.commands.convert_options import (
    chosen_rules,
    read_project,
    rule_options,
    say,
    without_collector,
)
from migrate_cli.convert.engine import Conversion
from migrate_cli.convert.engine import convert as run_rules
from migrate_cli.convert.project import Project
from migrate_cli.convert.registry import Phase
from migrate_cli.convert.report import as_json, diff, listed
from migrate_cli.convert.retired import require_retired
from migrate_cli.convert.writing import Written, write
from wsmigrate.errors import ExitCode, RefusedError


@click.command()
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path))
@rule_options
@click.option("--write", "write_wanted", is_flag=True, help="Write the files.")
@click.option("--unsafe", is_flag=True, help="Also what may change behaviour.")
@click.option(
    "--check", is_flag=True, help="Write nothing; exit code 1 if something is left to do."
)
@click.option("--finish", is_flag=True, help="Remove the old stack. Refused before `retired`.")
@click.option(
    "--stage-is",
    metavar="STAGE",
    help="With --finish: the stage of the cutover, where it cannot be read from the database.",
)
@click.option("--settings", help="With --finish: the settings module to find the database by.")
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON.")
def convert(
    path: Path,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    python: str | None,
    *,
    write_wanted: bool,
    unsafe: bool,
    check: bool,
    finish: bool,
    stage_is: str | None,
    settings: str | None,
    json_wanted: bool,
) -> int:
    """Show how the Django project in PATH would be rewritten so that it can run both servers, as a
    diff; --write makes it.

    Only what is safe is rewritten, and what is not is listed for a person. A second run changes
    nothing. Exit codes: 0 done; 1 refused, or --check found something to do; 2 could not act, also
    when a file could not be written.
    """
    if write_wanted and check:
        raise click.UsageError("--write and --check are two things to do: choose one.")
    if (stage_is is not None or settings is not None) and not finish:
        raise click.UsageError("--stage-is and --settings go with --finish.")
    phase = Phase.FINISH if finish else Phase.CUTOVER
    rules = chosen_rules(phase, only, skip)
    if finish:
        require_retired(path, settings, stage_is)
    with without_collector():
        project = read_project(path, python)
        if finish:
            _require_converted(project)
        conversion = run_rules(project, rules, unsafe=unsafe)
    written = write(path, conversion) if write_wanted else None
    if json_wanted:
        click.echo(json.dumps(_json(conversion, written), indent=2))
    else:
        _show(conversion, written, check=check)
    if written is not None:
        return ExitCode.COULD_NOT_ACT if written.failed else ExitCode.DONE
    is_left = any(one.is_left_to_do for one in conversion.findings)
    return ExitCode.REFUSED if check and is_left else ExitCode.DONE


def _require_converted(project: Project) -> None:
    """Raise RefusedError while the rules of the cutover would still rewrite something."""
    rest = run_rules(project, chosen_rules(Phase.CUTOVER, (), ())).changed
    if rest:
        raise RefusedError(
            f"The project is not converted yet: {len(rest)} files are still to be rewritten.",
            then="Nothing was changed.",
            remedy="Run `wsmigrate convert PATH --write` first.",
        )


def _show(conversion: Conversion, written: Written | None, *, check: bool) -> None:
    if written is None and not check:
        say("".join(diff(conversion)), newline=False)
        if conversion.changed:
            click.echo()
    if written is None:
        for line in listed(conversion):
            say(line)
        return
    for path in written.done:
        gone = path not in conversion.after.files
        say(f"{'removed' if gone else 'wrote'} {path}")
    for path, reason in written.failed.items():
        say(f"could not write {path}: {reason}", to_stderr=True)
    if not conversion.uses_stack or not conversion.findings:
        say(next(iter(listed(conversion))))
        return
    for one in conversion.remaining:
        say(f"left {one.path}:{one.line}: [{one.rule}] ({one.safety.value}) {one.what}")


def _json(conversion: Conversion, written: Written | None) -> dict[str, object]:
    result = as_json(conversion)
    if written is not None:
        result["written"] = list(written.done)
        result["failed"] = dict(written.failed)
    return result
