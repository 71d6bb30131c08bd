"""Errors that a person gets to read, and the exit codes that go with them."""

from __future__ import annotations

import enum


class ExitCode(enum.IntEnum):
    """What a command's exit code means, for scripts and CI."""

    DONE = 0
    REFUSED = 1  # refused, or a comparison mismatched
    COULD_NOT_ACT = 2  # nothing was done, or there was no data to judge by
    ROLLED_BACK = 3
    INTERNAL = 70  # a fault of wsmigrate itself


class WsmigrateError(Exception):
    """A failure whose text a person can act on.

    ``what`` says what was tried and how it failed, ``then`` what follows from it (may be empty),
    ``remedy`` what to do. None of them may hold a secret or the body of a message.
    """

    exit_code = ExitCode.COULD_NOT_ACT

    def __init__(self, what: str, *, then: str = "", remedy: str = "") -> None:
        self.what = what
        self.then = then
        self.remedy = remedy
        super().__init__(" ".join(part for part in (what, then, remedy) if part))


class ConfigError(WsmigrateError):
    """A setting that is missing or cannot be."""


class UnavailableError(WsmigrateError):
    """A service that is needed does not answer, or cannot be had on this machine."""


class RefusedError(WsmigrateError):
    """What was asked for is not allowed in the present state."""

    exit_code = ExitCode.REFUSED
