"""``wsmigrate parity check``: a run, its reports and its exit code."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from compat_tests.cases.case import Case, listening
from compat_tests.config import Given, publisher_factory, run_options
from compat_tests.ending import ended_by_signals
from compat_tests.reports import as_json, junit, page, terminal
from compat_tests.running.outcomes import CaseOutcome, SuiteOutcome
from compat_tests.running.suite import Suite
from wsmigrate.errors import ConfigError, ExitCode
from wsmigrate.parity.own_rules import OwnRule

Say = Callable[[str], None]


@dataclass(frozen=True)
class Files:
    """Where reports go, and screenshots for the HTML page, by caption."""

    json: Path | None = None
    junit: Path | None = None
    html: Path | None = None
    pictures: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def check_writable(self) -> None:
        """Raise ConfigError now for a file that cannot be written at the end."""
        for path in (self.json, self.junit, self.html):
            if path is None:
                continue
            if not path.absolute().parent.is_dir():
                raise ConfigError(f"The report {path} cannot be written: there is no such folder.")
            was_there = path.exists()
            try:
                path.open("ab").close()
                if not was_there:
                    path.unlink()
            except OSError as error:
                raise _unwritable(path, error) from None

    def write(self, outcome: SuiteOutcome) -> None:
        """Write the reports that were asked for: all that can be. Raises ConfigError for the first
        that cannot."""
        failed: list[ConfigError] = []
        for path, to_text in (
            (self.json, as_json.to_text),
            (self.junit, junit.to_text),
            (self.html, lambda one: page.to_text(one, self.pictures)),
        ):
            if path is None:
                continue
            try:
                path.write_text(to_text(outcome), "utf-8")
            except OSError as error:
                failed.append(_unwritable(path, error))
        if failed:
            raise failed[0]


def _unwritable(path: Path, error: OSError) -> ConfigError:
    return ConfigError(f"The report {path} cannot be written ({error.strerror}).")


async def run_check(
    given: Given,
    cases: Sequence[Case],
    files: Files,
    say: Say,
    *,
    generated: bool = True,
    rooms: Sequence[str] = ("parity",),
) -> ExitCode:
    """Run the cases, say how they went, write the reports. On SIGINT and SIGTERM the reports are of
    what was run until then. Raises WsmigrateError where it could not be run."""
    options = run_options(given)
    new_publisher = publisher_factory(given)
    files.check_writable()
    if new_publisher is None:
        say("Nothing can be published (see --publish): only what comes by itself is compared.")
        cases = [listening(rooms), *cases]
    ended: list[CaseOutcome] = []

    def note(outcome: CaseOutcome) -> None:
        ended.append(outcome)
        say(terminal.line_of(outcome))

    began = time.monotonic()
    async with Suite(options, new_publisher) as suite:
        running = asyncio.ensure_future(suite.run(cases, note, generated=generated))
        with ended_by_signals(running.cancel):
            await asyncio.wait({running})
    if running.cancelled():
        outcome = broken_off(ended, cases, options.own_rules, time.monotonic() - began)
    else:
        outcome = running.result()
    about = {"old server": _shown(given.legacy), "new server": _shown(given.channels)}
    outcome = replace(outcome, about=about)
    return concluded(outcome, files, say)


def broken_off(
    ended: Sequence[CaseOutcome],
    cases: Sequence[Case],
    own_rules: Sequence[OwnRule],
    seconds: float,
) -> SuiteOutcome:
    """The outcome of a run that was interrupted: the rest is inconclusive."""
    done = {one.case.name: one for one in ended}
    rest = ("the run was interrupted before it ended",)
    outcomes = [done.get(case.name) or CaseOutcome(case, doubts=rest) for case in cases]
    return SuiteOutcome(outcomes, own_rules, seconds)


def concluded(outcome: SuiteOutcome, files: Files, say: Say) -> ExitCode:
    """Say what differs and what it all came to, and write the reports."""
    for one in outcome.outcomes:
        for line in terminal.details_of(one):
            say(line)
    for line in terminal.conclusion(outcome):
        say(line)
    files.write(outcome)
    return outcome.exit_code


def _shown(url: str) -> str:
    """Without the query, which may hold a token."""
    return url.partition("?")[0]
