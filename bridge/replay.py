"""Replaying dead letters into the layer, each once."""

from __future__ import annotations

import enum
import logging
from typing import Any

from bridge.dead_letters import DeadLetterStore, KeptLetter
from bridge.delivery import Batch
from bridge.sinks import Sink
from wsmigrate.cursor import CursorMove, CursorMovedError
from wsmigrate.message import UnrelayableError, relayed_message

logger = logging.getLogger(__name__)


class ReplayOutcome(enum.Enum):
    """What became of a letter."""

    REPLAYED = "replayed"
    ALREADY = "already replayed"
    NO_BODY = "its body was not kept"
    UNRELAYABLE = "still not relayable"


async def replay_letter(
    letter: KeptLetter,
    letters: DeadLetterStore,
    sink: Sink,
    *,
    max_message_bytes: int,
    replace_bad_bytes: bool = False,
) -> tuple[ReplayOutcome, str]:
    """Relay a dead letter now, with its own id, and say what came of it, with the reason.

    Exactly once where the sink is fenced: the letter has a cursor of its own, which moves from
    nothing to 1 in the transaction of the message. Whoever comes second, also after a crash, finds
    it moved. ``replace_bad_bytes`` puts U+FFFD for what is not UTF-8. Raises UnavailableError.
    """
    if letter.replayed_at is not None:
        return ReplayOutcome.ALREADY, ""
    body = await letters.body(letter.id) if letter.has_body else None
    if body is None:
        return ReplayOutcome.NO_BODY, ""
    if replace_bad_bytes:
        body = body.decode("utf-8", "replace").encode("utf-8")
    try:
        message = relayed_message(
            room=_room(letter),
            body=body,
            message_id=letter.message_id,
            inbox=letter.inbox,
            offset=letter.position,
            max_bytes=max_message_bytes,
            published_at=letter.published_at,
        )
    except UnrelayableError as error:
        return ReplayOutcome.UNRELAYABLE, str(error)
    outcome = ReplayOutcome.REPLAYED
    move = CursorMove(f"wsmigrate.replay.{letter.id}", None, 1)
    try:
        for step in sink.steps(Batch(messages=(message,), move=move)):
            await step()
    except CursorMovedError:
        outcome = ReplayOutcome.ALREADY  # by somebody else, or before a crash
    await letters.mark_replayed(letter.id)
    return outcome, ""


def _room(letter: KeptLetter) -> Any:
    """The room as it came: what is shown of it may have been escaped."""
    if letter.room_bytes is None:
        return letter.room
    return letter.room_bytes.decode("utf-8", "surrogateescape")
