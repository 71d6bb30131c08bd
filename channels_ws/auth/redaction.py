"""Keeps tokens that stand in a query string out of the ASGI servers' logs: also where none is taken
from there, for clients may send them all the same."""

from __future__ import annotations

import logging
import re
from urllib.parse import quote_plus

from wsmigrate.config import Config

_LOGGERS = ("uvicorn.access", "uvicorn.error", "daphne.access", "daphne.server", "django.request")
_USUAL = frozenset({"access_token", "auth", "jwt", "token"})


class TokenFilter(logging.Filter):
    """Replaces the values of query parameters in log records by ``...``: of ``parameter``, and of
    those that usually hold a token."""

    def __init__(self, parameter: str) -> None:
        super().__init__()
        names = "|".join(map(re.escape, sorted(_USUAL | {parameter, quote_plus(parameter)})))
        self._token = re.compile(rf"(?<=[?&])({names})=[^&\s\"']*")

    def filter(self, record: logging.LogRecord) -> bool:
        """Always let the record through."""
        if isinstance(record.args, tuple):
            record.args = tuple(self._redacted(argument) for argument in record.args)
        record.msg = self._redacted(record.msg)
        return True

    def _redacted(self, value: object) -> object:
        return self._token.sub(r"\1=...", value) if isinstance(value, str) else value


def keep_tokens_out_of_logs(config: Config) -> None:
    """Filter the servers' logs. Call it once."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(TokenFilter(config.token_query_param))
