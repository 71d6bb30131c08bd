"""Cases that Hypothesis makes up: it looks for messages that the two servers treat differently, and
then for the simplest ones that show it."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from compat_tests.cases.case import Case, Client, Join, Publish, Settle
from compat_tests.running.outcomes import CaseOutcome, CaseVerdict

NAME = "generated"
_TITLE = "messages that Hypothesis makes up"
_BUDGET_S = 10.0
_BUDGET_OF_EXAMPLE_S = 0.5
_TO_SIMPLIFY_S = 10.0

RunCase = Callable[[Case], Awaitable[CaseOutcome]]


class _DiffersError(Exception):
    """Hypothesis is to look for a simpler example."""


def is_available() -> bool:
    """Whether Hypothesis is installed."""
    return importlib.util.find_spec("hypothesis") is not None


def placeholder() -> Case:
    """The case as reports name it before it has run."""
    return _case(())


async def run_generated(run_case: RunCase, examples: int, seed: int) -> CaseOutcome:
    """Run so many examples, one after the other. The outcome adds them up; if one mismatched it is
    that of the simplest example found.

    Servers that are slow get fewer than that, which the title says: the time is limited, and also
    that for finding a simpler example.
    """
    if not is_available():
        return CaseOutcome(placeholder(), not_run="needs the package 'hypothesis'")
    loop = asyncio.get_running_loop()
    ended: list[CaseOutcome] = []
    deadline = time.monotonic() + _BUDGET_S + _BUDGET_OF_EXAMPLE_S * examples
    differs_since: list[float] = []

    def run(payloads: list[bytes]) -> None:
        now = time.monotonic()
        if now > (min(differs_since) + _TO_SIMPLIFY_S if differs_since else deadline):
            return
        case = _case(tuple(payloads))
        outcome = asyncio.run_coroutine_threadsafe(_awaited(run_case(case)), loop).result()
        ended.append(outcome)
        if outcome.verdict is CaseVerdict.MISMATCHED:
            differs_since.append(time.monotonic())
            raise _DiffersError

    differs = await asyncio.to_thread(_search, run, examples, seed)
    if differs:
        return next(one for one in reversed(ended) if one.verdict is CaseVerdict.MISMATCHED)
    doubts = [doubt for one in ended for doubt in one.doubts]
    case = placeholder()
    if time.monotonic() > deadline:
        case = replace(case, title=f"{_TITLE}: {len(ended)} of them, then the time was over")
    return CaseOutcome(
        case,
        sum(one.compared for one in ended),
        sum(one.matched for one in ended),
        tuple(difference for one in ended for difference in one.differences),
        tuple(dict.fromkeys(doubts)),
        seconds=sum(one.seconds for one in ended),
        recordings=ended[-1].recordings if ended else {},
    )


async def _awaited(awaitable: Awaitable[CaseOutcome]) -> CaseOutcome:
    return await awaitable


def _search(run: Callable[[list[bytes]], None], examples: int, seed: int) -> bool:
    """Whether an example was found that differs; the last one that did is the simplest."""
    from hypothesis import HealthCheck, Phase, given, settings  # noqa: PLC0415
    from hypothesis import seed as seeded  # noqa: PLC0415
    from hypothesis.errors import Flaky  # noqa: PLC0415

    @seeded(seed)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=_quiet(),
    )
    @given(_payloads())
    def search(payloads: list[bytes]) -> None:
        run(payloads)

    state = random.getstate()  # Hypothesis seeds the generators of the process
    try:
        search()
    except (_DiffersError, Flaky):
        return True
    finally:
        random.setstate(state)
    return False


def _quiet() -> Any:
    from hypothesis import Verbosity  # noqa: PLC0415

    return Verbosity.quiet


def _payloads() -> Any:
    """Lists of texts, documents and repetitions of them, as bytes."""
    from hypothesis import strategies as st  # noqa: PLC0415

    texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
    leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
    documents = st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
        max_leaves=12,
    )
    ways = st.sampled_from([{}, {"ensure_ascii": False}, {"indent": 1}, {"separators": (",", ":")}])
    written = st.builds(lambda document, way: json.dumps(document, **way), documents, ways)
    sizes = st.sampled_from([0, 1, 125, 126, 127, 65_535, 65_536]).map("x".__mul__)
    one = (texts | written | sizes).map(str.encode)
    return st.lists(one, min_size=1, max_size=8).flatmap(
        lambda some: st.lists(st.sampled_from(some), min_size=1, max_size=12)
    )


def _case(payloads: tuple[bytes, ...]) -> Case:
    return Case(
        NAME,
        _TITLE,
        (Client("listener"),),
        (Join(("listener",)), Publish("listener", payloads), Settle()),
        timed=False,
        group="generated",
    )
