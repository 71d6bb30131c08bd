"""The operators' lock: one at a time, fenced, and taken over from who is dead."""

from __future__ import annotations

import contextlib
import getpass
import logging
import os
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from migrate_cli.cutover.records import Holder, Wish
from migrate_cli.cutover.store import FencedError, StateStore
from wsmigrate.errors import RefusedError, UnavailableError

logger = logging.getLogger(__name__)

STALE_AFTER_S = 20.0
"""A holder that was not heard of for so long has lost the lock."""

_BEAT_S = 1.0


class LockedError(RefusedError):
    """Another operator is at work. ``holder`` says who."""

    def __init__(self, holder: Holder) -> None:
        self.holder = holder
        super().__init__(
            f"{holder.who} on {holder.host} is at work on this cutover "
            f"({holder.doing or 'unknown'}, since {holder.taken_at:%H:%M:%S}).",
            then="Nothing was changed.",
            remedy="Wait for it, or ask it to stop: wsmigrate pause, wsmigrate abort.",
        )


@dataclass
class HeldLock:
    """A lock that is held. ``wish`` gives what others ask for, once."""

    fence: int
    taken_from: Holder | None
    wish: Callable[[], Wish]
    lost: threading.Event = field(default_factory=threading.Event)

    def require(self) -> None:
        """Raise FencedError if somebody else has taken it over."""
        if self.lost.is_set():
            raise FencedError(
                "Another operator has taken over the cutover meanwhile.",
                then="This command stops where it is.",
                remedy="See `wsmigrate status`.",
            )


def who() -> str:
    """The person at the keyboard."""
    for name in ("SUDO_USER", "WSMIGRATE_WHO"):
        if os.environ.get(name):
            return os.environ[name]
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user: a container's number
        return f"uid {os.getuid()}"


@contextlib.contextmanager
def operators_lock(
    store: StateStore, doing: str, stale_after_s: float = STALE_AFTER_S
) -> Iterator[HeldLock]:
    """Hold the lock. It is given back at the end; a killed process leaves it to be taken over: at
    once by who sees on the same machine that it is gone, else after ``stale_after_s`` seconds.

    Raises LockedError.
    """
    before = store.holder()
    dead = before.holder if before is not None and _is_gone(before) else None
    mine = Holder(
        uuid.uuid4().hex,
        who(),
        socket.gethostname(),
        _process(os.getpid()),
        doing,
        datetime.now(timezone.utc),
        0.0,
    )
    fence = store.take_lock(mine, stale_after_s, dead)
    if fence is None:
        raise LockedError(store.holder() or mine)
    held = HeldLock(fence, before, lambda: store.take_wish(fence))
    stop = threading.Event()
    beating = threading.Thread(
        target=_beat, args=(store.another(), held, stop), name="operators-lock", daemon=True
    )
    beating.start()
    try:
        yield held
    finally:
        stop.set()
        beating.join(5)
        with contextlib.suppress(UnavailableError):
            store.give_lock_back(fence)


def _beat(store: StateStore, held: HeldLock, stop: threading.Event) -> None:
    with store:
        while not stop.wait(_BEAT_S):
            try:
                store.keep_lock(held.fence)
            except FencedError:
                held.lost.set()
                return
            except UnavailableError as error:
                logger.warning("%s The lock is kept as long as nobody else takes it", error)


def is_at_work(holder: Holder | None) -> bool:
    """Whether the lock is held by somebody who, as far as is known, lives."""
    return holder is not None and holder.silent_s < STALE_AFTER_S and not _is_gone(holder)


def _is_gone(holder: Holder) -> bool:
    """Whether it is known for sure: a process of this machine that is no more, or another one that
    has its number by now."""
    pid = holder.process.partition(":")[0]
    if holder.host != socket.gethostname() or not pid.isdigit():
        return False
    return _process(int(pid)) != holder.process


def _process(pid: int) -> str:
    """A process by its number and the time of its start, in clock ticks since boot (proc(5))."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else f"{pid}:{fields[19]}"
