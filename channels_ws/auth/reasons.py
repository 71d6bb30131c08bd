"""Why a handshake is refused: fixed words, for the log and for metrics."""

from __future__ import annotations

import enum


class Reason(str, enum.Enum):
    """Why, and with which HTTP status: 403 for who may not, 503 where that could not be found out,
    so that a client may try again."""

    ORIGIN = "origin"
    ORIGIN_MISSING = "origin-missing"
    TOKEN_INVALID = "token-invalid"  # noqa: S105 - a word
    TOKEN_EXPIRED = "token-expired"  # noqa: S105
    TOKEN_REVOKED = "token-revoked"  # noqa: S105
    USER_UNKNOWN = "user-unknown"
    USER_INACTIVE = "user-inactive"
    ANONYMOUS = "anonymous"
    POLICY = "policy"
    POLICY_FAILED = "policy-failed"
    LOOKUP_FAILED = "lookup-failed"
    TOO_SLOW = "too-slow"

    @property
    def status(self) -> int:
        undecided = {Reason.POLICY_FAILED, Reason.LOOKUP_FAILED, Reason.TOO_SLOW}
        return 503 if self in undecided else 403
