"""Moving the cursor of an inbox, together with the messages that were read from it."""

from __future__ import annotations

from dataclasses import dataclass

from wsmigrate.errors import RefusedError


@dataclass(frozen=True)
class CursorMove:
    """From the position ``before`` (None: never relayed) to ``after``, by compare-and-set."""

    inbox: str
    before: int | None
    after: int


class CursorMovedError(RefusedError):
    """The cursor was not where its mover believed: somebody else relays the same inbox."""
