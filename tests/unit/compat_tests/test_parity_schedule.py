"""How many cases run at a time."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from compat_tests.cases.case import Case, EndServers
from compat_tests.running.outcomes import CaseOutcome
from compat_tests.running.schedule import Schedule

SIDE_BY_SIDE = 4


def cases(count: int, **more: object) -> list[Case]:
    return [
        Case(f"{'-'.join(more)}{number}", "", (), (), **more)  # type: ignore[arg-type]
        for number in range(count)
    ]


class Stage:
    """Runs cases that take one turn of the loop, and counts how many do so at once."""

    def __init__(self, outcome: CaseOutcome) -> None:
        self.most: dict[bool, int] = {True: 0, False: 0}
        self.order: list[str] = []
        self._running = 0
        self._outcome = outcome

    async def run(self, case: Case) -> CaseOutcome:
        self._running += 1
        self.most[case.alone] = max(self.most[case.alone], self._running)
        await asyncio.sleep(0)
        self._running -= 1
        self.order.append(case.name)
        return replace(self._outcome, case=case)


def acted(outcome: CaseOutcome, some: list[Case]) -> Stage:
    stage = Stage(outcome)
    schedule = Schedule(stage.run, SIDE_BY_SIDE)
    asyncio.run(schedule.run(some, lambda _: None, None))
    assert sorted(schedule.outcomes) == sorted(case.name for case in some)
    return stage


NEVER_CAME = CaseOutcome(Case("", "", (), ()), doubts=("nothing came",), seconds=5.0)
QUICK = CaseOutcome(Case("", "", (), ()), compared=1, seconds=0.1)


@pytest.mark.parametrize(
    ("outcome", "beside", "alone"),
    [
        (QUICK, SIDE_BY_SIDE, 1),
        (replace(QUICK, seconds=9.0), SIDE_BY_SIDE, 1),
        (replace(NEVER_CAME, seconds=0.2), SIDE_BY_SIDE, 1),
        (NEVER_CAME, 60, 6),
    ],
    ids=["quick", "long", "no data, soon", "no data, after a wait"],
)
def test_those_that_wait_in_vain_do_so_together(outcome, beside, alone):
    stage = acted(outcome, [*cases(100), *cases(10, alone=True)])
    assert stage.most[True] == alone
    assert beside <= stage.most[False] <= beside + SIDE_BY_SIDE


def test_the_servers_are_ended_when_all_others_are_done():
    ending = Case("ends", "", (), (EndServers(),), alone=True)
    stage = acted(NEVER_CAME, [ending, *cases(20), *cases(5, alone=True)])
    assert stage.order[-1] == "ends"
