"""Finds out who opens a socket: by token, else by session, else nobody."""

from __future__ import annotations

import logging
from importlib import import_module
from typing import Any

from channels.auth import get_user
from django.apps import apps
from django.conf import settings

from channels_ws.auth.identity import Identity, identity_in, nobody, session_identity
from channels_ws.auth.jwt import TokenProblem, identity_of_token
from channels_ws.auth.reasons import Reason
from channels_ws.auth.threads import Threads
from channels_ws.auth.tokens import cookies, offered_token
from wsmigrate.config import Config

logger = logging.getLogger(__name__)


class Identifier:
    """Finds the identity that a handshake shows.

    A token counts first. One that proves nothing leaves nobody and a problem, if the client put it
    there for this socket; a stale cookie is passed over. Without a token the user counts that a
    middleware of the project has put into the scope, else that of the session cookie.
    """

    def __init__(self, config: Config, threads: Threads) -> None:
        self._config = config
        self._threads = threads

    async def identify(self, scope: dict[str, Any]) -> Identity:
        """The identity; it is only looked up where the handshake carries something to go by.

        Never raises: what could not be looked up is the problem ``lookup-failed``.
        """
        known = identity_in(scope)
        if known is not None:
            return known
        try:
            return await self._by_token(scope) or await self._by_session(scope)
        except Exception as error:  # databases, caches and session stores raise their own
            logger.warning("A user could not be looked up (%s)", type(error).__name__)
            return nobody(Reason.LOOKUP_FAILED)

    async def _by_token(self, scope: dict[str, Any]) -> Identity | None:
        token = offered_token(scope, self._config)
        if token is None:
            return None
        try:
            return await self._threads.ask(identity_of_token, token.text)
        except TokenProblem as problem:
            return nobody(problem.reason) if token.is_explicit else None

    async def _by_session(self, scope: dict[str, Any]) -> Identity:
        if scope.get("user") is not None:
            return session_identity(scope["user"])
        if not apps.is_installed("django.contrib.sessions"):
            return nobody()
        key = cookies(scope).get(settings.SESSION_COOKIE_NAME)
        if not key:
            return nobody()
        store = import_module(settings.SESSION_ENGINE).SessionStore(key)
        return session_identity(await get_user({"session": store}))
