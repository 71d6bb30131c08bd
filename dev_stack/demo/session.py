"""A demo from its start to its end: the stack, the run, the figures, and what is left behind."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from dev_stack.demo.cutover import WORKERS, short_cutover, with_cutover
from dev_stack.demo.figures_file import check_writable, write_figures
from dev_stack.demo.plan import DemoOptions
from dev_stack.demo.report import Report
from dev_stack.demo.run import Demo, Outcome, Servers
from dev_stack.demo.sabotage import KIND_VARIABLE, RECORD_VARIABLE, broken_messages
from dev_stack.demo.site import Site
from dev_stack.endpoints import Endpoints
from dev_stack.rehearsal.figures import Figures
from dev_stack.rehearsal.session import PROCESSES_VARIABLE
from dev_stack.signals import ended_by_signals
from dev_stack.stack import Stack, StackOptions
from wsmigrate.errors import ExitCode, UnavailableError

_SABOTAGE_SETTINGS = "dev_stack.demo.sabotage_settings"


@dataclass(frozen=True)
class SessionOptions:
    """What to run, where the figures go, and whether the stack is left running afterwards."""

    demo: DemoOptions = field(default_factory=DemoOptions)
    figures_file: Path | None = None
    keep: bool = False


def run_session(options: SessionOptions, console: Console) -> ExitCode:
    """Run it, and print as it goes.

    DONE only if every client got every frame exactly once, in order, with the same bytes from both
    servers; REFUSED otherwise. Raises WsmigrateError when it cannot be run. Everything that was
    started has ended by then; the logs are kept unless all went well.
    """
    if options.figures_file is not None:
        check_writable(options.figures_file)
    logs = Path(tempfile.mkdtemp(prefix="wsmigrate-demo-logs-"))
    report = Report(console)
    of_interest = True
    try:
        with ended_by_signals():
            code = _run_on_stack(options, console, report, logs)
        of_interest = code is not ExitCode.DONE
    except KeyboardInterrupt:
        of_interest = False
        raise
    finally:
        if of_interest and any(logs.iterdir()):
            report.say(f"The logs of all parts are in {logs}")
        else:
            shutil.rmtree(logs, ignore_errors=True)
    return code


def _run_on_stack(
    options: SessionOptions, console: Console, report: Report, logs: Path
) -> ExitCode:
    record = logs / "sabotage.json"
    with Stack(_stack_options(options.demo, logs, record)) as stack:
        report.say("Starting both servers and all they need", "bold")
        endpoints = stack.start(lambda sentence: report.say(f"  {sentence}"))
        _say_where(endpoints, report)
        servers = Servers(
            endpoints.legacy_ws_url,
            endpoints.channels_ws_url,
            endpoints.front_ws_url,
            stack.front_door.set_share,
        )
        demo = Demo(options.demo, servers, report, broken_messages=lambda: broken_messages(record))
        outcome = asyncio.run(_run(demo, endpoints, report))
        cutover = None
        if options.demo.sabotage is None:
            report.figures(outcome.figures)
            cutover = short_cutover(stack, options.demo, console, logs)
        code = _conclude(outcome, cutover, options, report)
        if options.keep:
            report.say(f"Still running: look at {endpoints.http_url} (Ctrl-C ends it)", "bold")
            with contextlib.suppress(KeyboardInterrupt):
                stack.run_until_stopped()
        report.say("Stopping everything")
        return code


def _stack_options(demo: DemoOptions, logs: Path, record: Path) -> StackOptions:
    if demo.sabotage is None:
        return StackOptions(logs=logs, entrance=True, extra_env={PROCESSES_VARIABLE: str(WORKERS)})
    return StackOptions(
        logs=logs,
        bridge_settings_module=_SABOTAGE_SETTINGS,
        extra_env={KIND_VARIABLE: demo.sabotage.value, RECORD_VARIABLE: str(record)},
    )


def _say_where(endpoints: Endpoints, report: Report) -> None:
    for what, url in (
        ("site", endpoints.http_url),
        ("old server", endpoints.legacy_ws_url),
        ("new server", endpoints.channels_ws_url),
        ("front door", endpoints.front_ws_url),
    ):
        report.say(f"  {what:<11}{url}")


async def _run(demo: Demo, endpoints: Endpoints, report: Report) -> Outcome:
    async with Site(endpoints.http_url) as site:
        with report:
            return await demo.run(site)


def _conclude(
    outcome: Outcome, cutover: Figures | None, options: SessionOptions, report: Report
) -> ExitCode:
    found = outcome.as_json()
    if cutover is not None:
        found = with_cutover(found, cutover)
    if outcome.sabotage is not None:
        report.figures(outcome.figures)
        report.sabotage(outcome.sabotage)
    if options.figures_file is not None:
        write_figures(options.figures_file, found)
        report.say(f"The figures are in {options.figures_file}")
    if outcome.sabotage is not None and not outcome.sabotage.messages:
        raise UnavailableError(
            "The sabotage found nothing to break, so nothing was shown.",
            remedy="Post more messages in each room.",
        )
    if cutover is not None and cutover.exit_code is not ExitCode.DONE:
        return cutover.exit_code
    return outcome.figures.exit_code
