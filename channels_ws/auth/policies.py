"""Policies: whether a user may be in a room."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils.module_loading import import_string

from channels_ws.auth.identity import Identity
from channels_ws.auth.reasons import Reason
from channels_ws.auth.threads import Threads, asked_twice, contained
from wsmigrate.auth_config import AUTHENTICATED, OPEN
from wsmigrate.errors import ConfigError

logger = logging.getLogger(__name__)

Hook = Callable[..., Any]


def loaded_hook(key: str, path: str) -> Hook:
    """The function that a setting names by its dotted path. Raises ConfigError."""
    try:
        hook = import_string(path)
    except Exception as error:  # a module may raise anything when it is imported
        raise ConfigError(
            f"WSMIGRATE[{key!r}] names {path!r}, which cannot be imported "
            f"({type(error).__name__}: {error}).",
            then="No socket can be served.",
        ) from error
    if not callable(hook):
        raise ConfigError(
            f"WSMIGRATE[{key!r}] names {path!r}, which is no function.",
            then="No socket can be served.",
        )
    found: Hook = hook
    return found


def is_async(hook: Hook) -> bool:
    return asyncio.iscoroutinefunction(hook) or asyncio.iscoroutinefunction(
        getattr(hook, "__call__", None)  # noqa: B004 - of an object that can be called
    )


class Policy:
    """A policy: the value ``name`` of the setting ``key``. Raises ConfigError if its hook cannot be
    had."""

    def __init__(self, key: str, name: str, threads: Threads) -> None:
        self._name = name
        self._threads = threads
        if name not in {OPEN, AUTHENTICATED}:
            self._hook = loaded_hook(key, name)

    async def objection(self, identity: Identity, room: str) -> Reason | None:
        """Why this user may not be in this room; None if they may.

        A hook that raises has not allowed it: PermissionDenied is a no, and anything else a failure
        that is logged.
        """
        if self._name == OPEN:
            return None
        if identity.problem is not None:
            return identity.problem
        if self._name == AUTHENTICATED:
            return None if identity.is_authenticated else Reason.ANONYMOUS
        try:
            allowed = await contained(self._ask(identity.user, room))
        except PermissionDenied:
            return Reason.POLICY
        except Exception:
            logger.exception("The policy %s failed, so it allows nothing", self._name)
            return Reason.POLICY_FAILED
        return None if allowed else Reason.POLICY

    async def _ask(self, user: Any, room: str) -> bool:
        if is_async(self._hook):
            answer = await asked_twice(lambda: self._hook(user, room))
        else:
            answer = await self._threads.ask(self._hook, user, room)
            answer = await answer if inspect.isawaitable(answer) else answer
        if inspect.isgenerator(answer) or inspect.isasyncgen(answer):
            raise TypeError("a policy returns its answer, and this one yields")  # which is true
        return bool(answer)
