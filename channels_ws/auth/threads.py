"""Blocking work for sockets, in few threads of its own."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.db import InterfaceError, OperationalError, close_old_connections

T = TypeVar("T")

# Each keeps a connection to the site's database: 5,000 handshakes at once must not take more.
_THREADS = 4
_CONNECTION_LOST = (InterfaceError, OperationalError)


class Threads:
    """Runs functions that block. Apart from asgiref's one thread, so that a function that hangs
    holds up nothing else of the site. A connection to the database that was lost is given back, and
    the next question opens it anew.
    """

    def __init__(self, name: str = "auth") -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix=f"wsmigrate-{name}")

    async def ask(self, function: Callable[..., T], *arguments: Any) -> T:
        """What the function returns or raises; it only asks, so it may be called twice."""
        return await self._run(_asked_twice, function, *arguments)

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """What the function returns or raises; called once. A lost connection fails this call, and
        not the next."""
        return await self._run(_called_once, function, *arguments)

    async def _run(self, function: Callable[..., T], *arguments: Any) -> T:
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._pool, context.run, _without_stop_iteration, function, *arguments
        )

    def close(self) -> None:
        """Take no more work. What runs goes on to its end."""
        self._pool.shutdown(wait=False, cancel_futures=True)


async def asked_twice(ask: Callable[[], Awaitable[T]]) -> T:
    """The same for a question in async code, whose database connection asgiref's thread holds."""
    try:
        return await ask()
    except _CONNECTION_LOST:
        await sync_to_async(close_old_connections)()
        return await ask()


async def called_once(act: Callable[[], Awaitable[T]]) -> T:
    """The same for what must not be done twice."""
    try:
        return await act()
    except _CONNECTION_LOST:
        await sync_to_async(close_old_connections)()
        raise


class HookEndedError(RuntimeError):
    """A function of the project ended by what would end whoever calls it."""


async def contained(act: Awaitable[T]) -> T:
    """What ``act`` comes to. Where it leaves the process, or says that it was cancelled though
    nobody has done that, HookEndedError: it is not to take others along."""
    try:
        return await act
    except SystemExit as error:
        raise HookEndedError("it raised SystemExit") from error
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise HookEndedError("it raised CancelledError") from error


async def bounded(act: Awaitable[T], within_s: float) -> T:
    """What ``act`` comes to, or TimeoutError: also where it does not let itself be cancelled."""
    task = asyncio.ensure_future(act)
    try:
        await asyncio.wait({task}, timeout=within_s)
    finally:
        if not task.done():
            task.cancel()
            task.add_done_callback(_forget_outcome)
    if not task.done():
        raise TimeoutError
    return task.result()


def _without_stop_iteration(function: Callable[..., T], *arguments: Any) -> T:
    """A future cannot hold that exception: whoever waits for it would wait for ever."""
    try:
        return function(*arguments)
    except StopIteration as error:
        raise HookEndedError("it raised StopIteration") from error


def _asked_twice(function: Callable[..., T], *arguments: Any) -> T:
    try:
        return function(*arguments)
    except _CONNECTION_LOST:
        close_old_connections()
        return function(*arguments)


def _called_once(function: Callable[..., T], *arguments: Any) -> T:
    try:
        return function(*arguments)
    except _CONNECTION_LOST:
        close_old_connections()
        raise


def _forget_outcome(task: asyncio.Future[Any]) -> None:
    if not task.cancelled():
        task.exception()  # else asyncio reports that nobody has asked for it
