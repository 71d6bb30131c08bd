"""Runs of the suite, by its command or in this process."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable, Mapping, Sequence

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


def held_at_once(
    given: Mapping[str, Given], names: Sequence[str], at_once: int
) -> dict[str, SuiteOutcome]:
    """Run the same cases against many pairs of servers, so many pairs at a time."""

    async def run_all() -> dict[str, SuiteOutcome]:
        turns = asyncio.Semaphore(at_once)

        async def run(one: Given) -> SuiteOutcome:
            async with turns, Suite(run_options(one), publisher_factory(one)) as suite:
                return await suite.run(chosen_cases(tuple(names)), lambda _outcome: None)

        outcomes = await asyncio.gather(*map(run, given.values()))
        return dict(zip(given, outcomes, strict=True))

    return asyncio.run(run_all())
