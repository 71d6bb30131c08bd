"""Waiting for others, for a bounded time, and able to be stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from migrate_cli.cutover.lock import HeldLock
from migrate_cli.cutover.ports import Say
from migrate_cli.cutover.records import Process
from migrate_cli.cutover.store import StateStore
from wsmigrate.errors import UnavailableError

LIVE_S = 5.0
"""Who was not heard of for so long is taken for gone. A publisher that was only frozen has no lease
when it goes on, and a server asks for the state before it delivers what is newer."""

_STEP_S = 0.1
_SAY_EVERY_S = 5.0


def live(store: StateStore, role: str) -> list[Process]:
    """The live processes of a role."""
    return store.processes(role, LIVE_S)


def wait_for(
    condition: Callable[[], str], within_s: float, lock: HeldLock, say: Say, what: str
) -> float:
    """Wait until ``condition`` has no objection any more; the seconds that it took. That something
    does not answer is an objection.

    Raises UnavailableError with the last objection, and FencedError.
    """
    begin = said = time.monotonic()
    while objection := _asked(condition):
        now = time.monotonic()
        if now - begin > within_s:
            raise UnavailableError(f"{what} did not happen within {within_s:g} s: {objection}.")
        if now - said > _SAY_EVERY_S:
            say(f"  waiting: {objection}")
            said = now
        lock.require()
        time.sleep(_STEP_S)
    return time.monotonic() - begin


def _asked(condition: Callable[[], str]) -> str:
    try:
        return condition()
    except UnavailableError as error:
        return str(error).rstrip(".")


def wait_until_applied(  # noqa: PLR0917
    store: StateStore, role: str, revision: int, within_s: float, lock: HeldLock, say: Say
) -> str:
    """Wait until every live process of a role applies the revision; what was seen, in a sentence.

    Raises UnavailableError, which names those that do not, and FencedError.
    """

    def objection() -> str:
        behind = [process for process in live(store, role) if process.applied < revision]
        return f"{_named(behind)} still apply an older revision" if behind else ""

    took_s = wait_for(objection, within_s, lock, say, f"Applying revision {revision}")
    count = sum(process.applied >= revision for process in live(store, role))
    return f"{_counted(count, role)} {_verb(count)} revision {revision}, after {took_s:.1f} s"


def _counted(count: int, role: str) -> str:
    if not count:
        return f"no {role} is live that would have to"
    return f"the one live {role}" if count == 1 else f"all {count} live {role}s"


def _verb(count: int) -> str:
    return "apply" if count != 1 else "applies"


def _named(processes: Sequence[Process]) -> str:
    names = [f"{process.role} {process.name} (revision {process.applied})" for process in processes]
    rest = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + rest
