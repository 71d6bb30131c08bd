"""One test a case: ``pytest --pyargs compat_tests --legacy-url … --channels-url …``."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from compat_tests.cases import all_cases, chosen_cases
from compat_tests.cases.case import Case
from compat_tests.config import Given, publisher_factory, run_options
from compat_tests.generated import placeholder
from compat_tests.reports.junit import text_of
from compat_tests.running.outcomes import CaseOutcome, CaseVerdict
from compat_tests.running.suite import Suite
from wsmigrate.errors import WsmigrateError

_SMALL = "one-byte"
_MISSING = "the parity suite needs --legacy-url and --channels-url, and a --parity-publish option"


class Runs:
    """An event loop with a suite in it, for all tests of a session."""

    def __init__(self, given: Given) -> None:
        self._runner = asyncio.Runner()
        self._suite = Suite(run_options(given), publisher_factory(given))
        self._runner.run(self._suite.check_servers())
        self.compared = 0

    def run(self, case: Case) -> CaseOutcome:
        """Run one case to its end."""
        if case.name == placeholder().name:
            outcome = self._runner.run(self._suite.run_generated())
        else:
            outcome = self._runner.run(self._suite.run_case(case))
        self.compared += outcome.compared
        return outcome

    def close(self) -> None:
        """End it all."""
        self._runner.run(self._suite.__aexit__(None, None, None))
        self._runner.close()


@pytest.fixture(scope="session")
def runs(request: pytest.FixtureRequest) -> Iterator[Runs]:
    """The two servers of this session."""
    given = _given(request.config)
    if given is None:
        pytest.skip(_MISSING)
    running, problem = _running(given)
    if running is None:
        pytest.fail(f"could not run: {problem}", pytrace=False)
    yield running
    running.close()


def _running(given: Given) -> tuple[Runs | None, str]:
    try:
        return Runs(given), ""
    except WsmigrateError as error:
        return None, str(error)


@pytest.mark.parametrize("case", [*all_cases(), placeholder()], ids=lambda case: case.name)
def test_both_servers_send_the_same(case: Case, runs: Runs, record_property: Any) -> None:
    """Fails at the first byte that differs. Inconclusive fails too, for it proves nothing."""
    outcome = runs.run(case)
    record_property("frames_compared", outcome.compared)
    if outcome.verdict is CaseVerdict.NOT_RUN:
        pytest.skip(outcome.not_run)
    if outcome.verdict is CaseVerdict.MISMATCHED:
        lines = [f"{case.title}: the two servers differ", *text_of(outcome)]
        pytest.fail("\n".join(lines), pytrace=False)
    if outcome.verdict is CaseVerdict.INCONCLUSIVE:
        pytest.fail(
            f"{case.title}: no data to judge by ({'; '.join(outcome.doubts)})", pytrace=False
        )


def test_frames_were_compared(runs: Runs) -> None:
    """No data is never a pass. Where no other test has run in this process, by a selection or
    beside others (pytest-xdist), a case of its own is."""
    if not runs.compared:
        (case,) = chosen_cases((_SMALL,))
        runs.run(case)
    if not runs.compared:
        pytest.fail("not one frame was compared, so nothing is proved", pytrace=False)


def _given(config: pytest.Config) -> Given | None:
    """What was given; None where the servers were not."""

    def option(name: str) -> str | None:
        value = config.getoption(f"--{name}", default=None)
        return None if value is None else str(value)

    legacy, channels = option("legacy-url"), option("channels-url")
    if legacy is None or channels is None:
        if legacy or channels:
            pytest.fail(f"one of the two URLs is missing: {_MISSING}", pytrace=False)
        return None
    rules, ca = option("parity-rules"), option("parity-ca")
    return Given(
        legacy,
        channels,
        option("parity-publish"),
        option("parity-publish-cmd"),
        option("parity-publish-http"),
        headers=config.getoption("--parity-header", default=[]),
        rules=None if rules is None else Path(rules),
        ca=None if ca is None else Path(ca),
        notifs_3=option("parity-notifs-3"),
        notifs_4=option("parity-notifs-4"),
        patience_s=float(option("parity-patience") or Given.patience_s),
        late_after_s=float(option("parity-late-after") or Given.late_after_s),
    )
