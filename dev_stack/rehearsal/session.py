"""A rehearsal from its start to its end: the stack, the run, the figures, and what is left."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from dev_stack.demo.figures_file import check_writable, write_figures, write_lines
from dev_stack.rehearsal.course import course_of
from dev_stack.rehearsal.figures import Figures, client_lines, figures_of
from dev_stack.rehearsal.load import Load, usual_load
from dev_stack.rehearsal.operated import operated
from dev_stack.rehearsal.report import Report
from dev_stack.rehearsal.run import Rehearsal, Seen
from dev_stack.rehearsal.scenario import Scenario
from dev_stack.rehearsal.timeline import SUFFIXES, write_timeline
from dev_stack.signals import ended_by_signals
from dev_stack.stack import Stack, StackOptions
from wsmigrate.errors import ConfigError, ExitCode

PROCESSES_VARIABLE = "LEGACY_WS_PROCESSES"


@dataclass(frozen=True)
class SessionOptions:
    """What to rehearse, and where the figures, the picture and the ledger of each client go.
    ``logs``: a folder for the logs of all parts; without it they are kept only where something did
    not hold."""

    load: Load = field(default_factory=usual_load)
    scenario: Scenario = field(default_factory=Scenario)
    figures_file: Path | None = None
    timeline: Path | None = None
    ledger: Path | None = None
    logs: Path | None = None


def run_session(options: SessionOptions, console: Console) -> ExitCode:
    """Run it, and print as it goes. DONE only if all held; REFUSED otherwise.

    Raises WsmigrateError when it could not be run. Everything that was started has ended by then.
    """
    if options.figures_file is not None:
        check_writable(options.figures_file)
    if options.ledger is not None:
        check_writable(options.ledger, "--ledger")
    if options.timeline is not None:
        _check_timeline(options.timeline)
    _check_occasions(options)
    logs = options.logs or Path(tempfile.mkdtemp(prefix="wsmigrate-rehearsal-"))
    try:
        logs.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"--logs {logs} cannot be made ({error.strerror}).") from error
    report = Report(console)
    of_interest = True
    try:
        with ended_by_signals():
            code = _run(options, report, logs)
        of_interest = code is not ExitCode.DONE
    except KeyboardInterrupt:
        of_interest = False
        raise
    finally:
        if options.logs is None and not of_interest:
            shutil.rmtree(logs, ignore_errors=True)
        elif any(logs.iterdir()):
            report.say(f"The logs of all parts are in {logs}")
    return code


def _run(options: SessionOptions, report: Report, logs: Path) -> ExitCode:
    load = options.load
    stack_options = StackOptions(
        logs=logs, entrance=True, extra_env={PROCESSES_VARIABLE: str(load.workers)}
    )
    with Stack(stack_options) as stack:
        report.say("Starting both servers and all they need", "bold")
        stack.start(lambda sentence: report.say(f"  {sentence}"))
        seen, figures = rehearse_on(stack, options, report, logs)
        report.say("Stopping everything")
    report.figures(figures)
    _write(options, report, seen, figures)
    return figures.exit_code


def rehearse_on(
    stack: Stack, options: SessionOptions, report: Report, folder: Path
) -> tuple[Seen, Figures]:
    """Rehearse on a stack that is up, with an entrance; its bridge is stopped first."""
    load, scenario = options.load, options.scenario
    report.say(
        f"Rehearsal: {load.clients} clients in {len(load.rooms)} rooms, "
        f"{round(load.rate, 1):g} messages a second from {load.publishers} publishers "
        f"and {load.site_rate:g} over the REST API; "
        f"scenario: {scenario.name}",
        "bold",
    )
    with operated(stack, load, folder) as site:
        seen = Rehearsal(site, load, scenario, report.say).run(folder)
    return seen, figures_of(seen, scenario.name, scenario.limits)


def _write(options: SessionOptions, report: Report, seen: Seen, figures: Figures) -> None:
    if options.figures_file is not None:
        write_figures(options.figures_file, figures.as_json())
        report.say(f"The figures are in {options.figures_file}")
    if options.ledger is not None:
        lines = client_lines(seen, figures, seen.rooms)
        write_lines(options.ledger, lines, "--ledger")
        report.say(f"The ledger of each client is in {options.ledger}")
    if options.timeline is not None:
        write_timeline(options.timeline, seen, figures)
        report.say(f"The timeline is in {options.timeline}")


def _check_occasions(options: SessionOptions) -> None:
    """A fault that finds no occasion would be no fault."""
    steps = course_of(options.load)
    for fault in options.scenario.faults:
        if not any(fault.is_at(step.rung, back=step.back) for step in steps):
            raise ConfigError(
                f"The scenario has a fault that finds no occasion: {fault.sentence}.",
                remedy="The steps are "
                + ", ".join(dict.fromkeys(step.name for step in steps))
                + ".",
            )


def _check_timeline(path: Path) -> None:
    if path.suffix not in SUFFIXES:
        raise ConfigError(f"--timeline {path} has to end with {' or '.join(SUFFIXES)}.")
    if path.is_dir() or not path.parent.is_dir():
        raise ConfigError(f"--timeline {path} cannot be written: there is no such folder.")
