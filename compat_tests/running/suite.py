"""Runs many cases, and those that were late once more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from compat_tests.capture.client import WireClient
from compat_tests.capture.request import Request
from compat_tests.cases.case import Case
from compat_tests.generated import NAME, placeholder, run_generated
from compat_tests.publishers import Publisher
from compat_tests.running.judging import Judge
from compat_tests.running.mailroom import Mailroom
from compat_tests.running.options import RunOptions, Server
from compat_tests.running.outcomes import CaseOutcome, CaseVerdict, SuiteOutcome
from compat_tests.running.patience import Patience
from compat_tests.running.schedule import Schedule
from compat_tests.running.stage import Stage
from wsmigrate.compare import Verdict
from wsmigrate.errors import UnavailableError
from wsmigrate.parity.differences import Difference, Kind
from wsmigrate.parity.rules import built_in_rules, judged
from wsmigrate.parity.rules.late_once import NOT_AGAIN

_HELLO = "parity-hello"
_TIMES_LATE = 3
_LATE_TO_BELIEVE = 2
_HANDSHAKE_S = 30.0
_NEEDS = {
    "publish": "a way to publish (--publish, --publish-cmd or --publish-http)",
    "end": "commands that end the servers (--end-legacy-cmd and --end-channels-cmd)",
    "notifs-3": "a Python with django-notifs 3 (--notifs-3), and --publish amqp://…",
    "notifs-4": "a Python with django-notifs 4 (--notifs-4), and --publish amqp://…",
}

OnOutcome = Callable[[CaseOutcome], None]


class Suite:
    """A run against two servers. ``new_publisher`` makes publishers, None where nothing can be
    published. Use it as a context manager; it belongs to one event loop."""

    def __init__(self, options: RunOptions, new_publisher: Callable[[], Publisher] | None) -> None:
        self._options = options
        self._publisher = None if new_publisher is None else new_publisher()
        self._mailroom = Mailroom(self._publisher, new_publisher)
        self._patience = Patience(options.patience_s)
        self._judge = Judge(options, self._mailroom.rooms)
        self._began = time.monotonic()

    async def __aenter__(self) -> Suite:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._publisher is not None:
            await asyncio.to_thread(self._publisher.close)

    async def check_servers(self) -> None:
        """See that both servers answer and that something can be published. Raises
        UnavailableError."""
        await asyncio.gather(*(self._check(one) for one in self._options.servers.values()))
        if self._mailroom.is_there:
            await self._mailroom.publish(_HELLO, (b"a run of the parity suite begins",))

    async def _check(self, server: Server) -> None:
        request = Request(server.target.full_path(f"/{_HELLO}"), server.headers)
        client = await WireClient.open(
            request, server.target, began=self._began, tls=server.tls, answer_s=_HANDSHAKE_S
        )
        client.close()
        client.cut()
        if client.handshake is None:
            how = "with nothing that is HTTP" if client.opened.done() else "not at all"
            raise UnavailableError(
                f"{server.target.authority} took a connection and answered the handshake {how}.",
                then="Nothing can be compared.",
                remedy="Check the URL: wss:// where it speaks TLS, ws:// where it does not.",
            )

    async def run(
        self, cases: Sequence[Case], on_outcome: OnOutcome, *, generated: bool = False
    ) -> SuiteOutcome:
        """Run the cases, some of them side by side, then perhaps generated ones. ``on_outcome`` is
        called for each, in the order in which they end. Raises UnavailableError."""
        await self.check_servers()
        began = time.monotonic()
        schedule = Schedule(self.run_once, self._options.side_by_side)
        outcomes = schedule.outcomes
        await schedule.run(cases, on_outcome, self.run_generated if generated else None)
        if generated:
            cases = [*cases, outcomes[NAME].case]
        await self._run_late_ones_again(outcomes)
        return SuiteOutcome(
            [outcomes[case.name] for case in cases],
            self._options.own_rules,
            time.monotonic() - began,
        )

    async def run_generated(self) -> CaseOutcome:
        """Run the examples that Hypothesis makes up."""
        if not self._mailroom.is_there:
            return CaseOutcome(placeholder(), not_run=f"needs {_NEEDS['publish']}")
        return await run_generated(self.run_once, self._options.generated, self._options.seed)

    async def run_case(self, case: Case) -> CaseOutcome:
        """Run one case, again if all that is wrong is that it was late."""
        outcome = await self.run_once(case)
        return await self._again(outcome) if _is_late_only(outcome) else outcome

    async def run_once(self, case: Case) -> CaseOutcome:
        """Run one case."""
        missing = self._missing(case)
        if missing:
            return CaseOutcome(case, not_run=f"needs {missing}")
        began = time.monotonic()
        stage = Stage(case, self._options, self._mailroom, self._patience, self._began)
        try:
            acted = await stage.act()
        except UnavailableError as error:  # the publisher
            return CaseOutcome(case, doubts=(str(error),), seconds=time.monotonic() - began)
        return self._judge.judge(acted, time.monotonic() - began)

    async def _run_late_ones_again(self, outcomes: dict[str, CaseOutcome]) -> None:
        """Those that were late only, the quickest first. Once some were late each time, so is the
        server: the others are believed."""
        late = sorted(filter(_is_late_only, outcomes.values()), key=lambda one: one.seconds)
        confirmed = 0
        while late and confirmed < _LATE_TO_BELIEVE:
            some, late = late[:_LATE_TO_BELIEVE], late[_LATE_TO_BELIEVE:]
            for outcome in await asyncio.gather(*(self._again(one) for one in some)):
                outcomes[outcome.case.name] = outcome
                confirmed += outcome.verdict is CaseVerdict.MISMATCHED

    async def _again(self, first: CaseOutcome) -> CaseOutcome:
        """What is late each time is late; what is late once was a busy machine."""
        outcome = first
        for _ in range(_TIMES_LATE - 1):
            outcome = await self.run_once(first.case)
            if not _is_late_only(outcome):
                break
        else:
            return outcome
        if outcome.verdict is CaseVerdict.MISMATCHED:
            return outcome
        excused = tuple(_not_again(one) for one in first.differences if one.kind is Kind.LATE)
        return replace(outcome, differences=(*outcome.differences, *excused))

    def _missing(self, case: Case) -> str:
        if case.publishes and not self._mailroom.is_there:
            return _NEEDS["publish"]
        absent = sorted(case.needs - self._options.given)
        return ", ".join(_NEEDS[need] for need in absent)


def _is_late_only(outcome: CaseOutcome) -> bool:
    return bool(outcome.mismatched) and all(one.kind is Kind.LATE for one in outcome.mismatched)


def _not_again(difference: Difference) -> Difference:
    plain = replace(difference, subject=NOT_AGAIN, verdict=Verdict.MISMATCHED)
    return judged(plain, built_in_rules())
