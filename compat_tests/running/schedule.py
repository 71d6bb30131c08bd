"""In which order cases are run, and how many at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from compat_tests.cases.case import Case
from compat_tests.running.outcomes import CaseOutcome

RunCase = Callable[[Case], Awaitable[CaseOutcome]]

_TO_BELIEVE = 3
_WAITED_S = 1.5
_MORE_BESIDE = 60
_MORE_ALONE = 5


class Schedule:
    """Some cases side by side; then those that load the machine, one by one; then those that end
    the servers.

    Where cases take long because what they wait for comes late or never, the others will too, and
    those who wait can do so together. ``outcomes`` are by name.
    """

    def __init__(self, run_case: RunCase, side_by_side: int) -> None:
        self.outcomes: dict[str, CaseOutcome] = {}
        self._run_case = run_case
        self._beside = asyncio.Semaphore(side_by_side)
        self._alone = asyncio.Semaphore(1)
        self._waited_for = 0

    async def run(
        self,
        cases: Sequence[Case],
        on_outcome: Callable[[CaseOutcome], None],
        run_generated: Callable[[], Awaitable[CaseOutcome]] | None,
    ) -> None:
        """Run all; ``on_outcome`` is called for each at its end. Raises what running a case
        raises."""

        async def run_one(case: Case, turns: asyncio.Semaphore) -> None:
            async with turns:
                note(await self._run_case(case))

        def note(outcome: CaseOutcome) -> None:
            self._note(outcome)
            on_outcome(outcome)

        async def run_quiet_ones() -> None:
            quiet = (case for case in cases if case.alone and not case.ends_servers)
            await asyncio.gather(*(run_one(case, self._alone) for case in quiet))

        async def run_generated_ones() -> None:
            if run_generated is not None:
                note(await run_generated())

        await asyncio.gather(*(run_one(case, self._beside) for case in cases if not case.alone))
        if self._waits_in_vain:
            await asyncio.gather(run_quiet_ones(), run_generated_ones())
        else:
            await run_quiet_ones()
            await run_generated_ones()
        for case in cases:
            if case.ends_servers:
                await run_one(case, self._alone)

    @property
    def _waits_in_vain(self) -> bool:
        return self._waited_for >= _TO_BELIEVE

    def _note(self, outcome: CaseOutcome) -> None:
        self.outcomes[outcome.case.name] = outcome
        if outcome.seconds <= _WAITED_S or not (outcome.doubts or outcome.mismatched):
            return
        self._waited_for += 1
        if self._waited_for == _TO_BELIEVE:
            for turns, more in ((self._beside, _MORE_BESIDE), (self._alone, _MORE_ALONE)):
                for _ in range(more):
                    turns.release()
