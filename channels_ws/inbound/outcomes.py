"""What becomes of a client's message: fixed words, for error frames and for metrics."""

from __future__ import annotations

import enum
import json


class Outcome(str, enum.Enum):
    """What became of one message of a client."""

    PUBLISHED = "published"
    KEPT = "kept"  # the hook had nothing published
    NOT_JSON = "not-json"
    TOO_LARGE = "too-large"
    BINARY = "binary"
    TOO_FAST = "too-fast"
    WAITING = "too-many-waiting"
    NOT_ALLOWED = "not-allowed"
    REFUSED = "refused"
    FAILED = "failed"
    NOT_PUBLISHED = "not-published"


class MessageRefusedError(Exception):
    """Raised by the application's hook: the message is not sent. The client gets the text."""


class InboundProblem(Exception):  # noqa: N818 - an answer, not a fault
    """Why a message of a client is not sent to the room. ``detail`` is for the client."""

    def __init__(self, outcome: Outcome, detail: str) -> None:
        self.outcome = outcome
        self.detail = detail
        super().__init__(detail)

    def frame(self, number: int) -> str:
        """The error frame for the client's message of that number, counted from 1."""
        return json.dumps(
            {"error": self.outcome.value, "detail": self.detail, "message_number": number}
        )
