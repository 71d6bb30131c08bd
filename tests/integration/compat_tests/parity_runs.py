"""Runs of the suite, by its command or in this process."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable

from compat_tests.cases import chosen_cases
from compat_tests.config import Given, publisher_factory, run_options
from compat_tests.running.outcomes import SuiteOutcome
from compat_tests.running.suite import Suite

Run = Callable[..., subprocess.CompletedProcess[str]]


def held(given: Given, *names: str) -> SuiteOutcome:
    """Run cases in this process."""

    async def run() -> SuiteOutcome:
        async with Suite(run_options(given), publisher_factory(given)) as suite:
            return await suite.run(chosen_cases(names), lambda _outcome: None)

    return asyncio.run(run())
