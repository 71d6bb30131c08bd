"""Dead letters: what could not be relayed, in the database of the PostgreSQL layer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, LiteralString

from bridge.database import LayerDatabase, Row
from bridge.delivery import DeadLetter
from bridge.properties import said, storable

# A bridge that was frozen may come with a letter that was replayed and purged meanwhile: what the
# cursor has passed is somebody's already. A letter whose body would go over the bound is kept
# without it.
_INSERT: LiteralString = """
    INSERT INTO wsmigrate_dead_letter (
        inbox, position, reason, explanation, room, room_bytes, message_id, properties, body, size,
        published_at
    )
    SELECT inbox, position, reason, explanation, room, room_bytes, message_id, properties::jsonb,
        CASE WHEN size IS NOT NULL
            AND kept.bytes + coalesce(sum(size) OVER (ORDER BY n), 0) <= %(bound)s THEN body END,
        size, published_at
    FROM unnest(
        %(inbox)s::text[], %(position)s::int8[], %(reason)s::text[], %(explanation)s::text[],
        %(room)s::text[], %(room_bytes)s::bytea[], %(message_id)s::text[], %(properties)s::text[],
        %(body)b::bytea[], %(size)s::int8[], %(published_at)s::float8[]
    ) WITH ORDINALITY AS letter (
        inbox, position, reason, explanation, room, room_bytes, message_id, properties, body, size,
        published_at, n
    ), (
        SELECT coalesce(sum(size), 0) AS bytes FROM wsmigrate_dead_letter WHERE body IS NOT NULL
    ) AS kept
    WHERE NOT EXISTS (
        SELECT FROM wsmigrate_cursor
        WHERE wsmigrate_cursor.inbox = letter.inbox AND "offset" >= letter.position
    )
    ORDER BY n
    ON CONFLICT (inbox, position) DO NOTHING
"""


@dataclass(frozen=True)
class KeptLetter:
    """A dead letter as it is kept. ``size`` is the body's, in bytes; times have a time zone."""

    id: int
    inbox: str
    position: int
    reason: str
    explanation: str
    room: str
    room_bytes: bytes | None
    message_id: str | None
    properties: Mapping[str, Any] = field(repr=False)
    size: int | None
    has_body: bool
    published_at: float | None
    came_at: datetime
    replayed_at: datetime | None

    def as_json(self) -> dict[str, Any]:
        """For scripts. Without the body."""
        return {
            "id": self.id,
            "inbox": self.inbox,
            "position": self.position,
            "reason": self.reason,
            "explanation": self.explanation,
            "room": self.room,
            "message_id": self.message_id,
            "properties": dict(self.properties),
            "bytes": self.size,
            "body_kept": self.has_body,
            "published_at": self.published_at,
            "came_at": self.came_at.isoformat(),
            "replayed_at": None if self.replayed_at is None else self.replayed_at.isoformat(),
        }


@dataclass(frozen=True)
class LetterFilter:
    """Which letters are meant. What is None does not matter."""

    ids: tuple[int, ...] | None = None
    room: str | None = None
    reason: str | None = None
    inbox: str | None = None
    replayed: bool | None = None

    def values(self) -> dict[str, Any]:
        """For ``_WHERE``."""
        return {
            "ids": None if self.ids is None else list(self.ids),
            "of_room": self.room,
            "of_reason": self.reason,
            "of_inbox": self.inbox,
            "replayed": self.replayed,
        }


_WHERE: LiteralString = """
    (%(ids)s::bigint[] IS NULL OR id = ANY (%(ids)s::bigint[]))
    AND (%(of_room)s::text IS NULL OR room = %(of_room)s)
    AND (%(of_reason)s::text IS NULL OR reason = %(of_reason)s)
    AND (%(of_inbox)s::text IS NULL OR inbox = %(of_inbox)s)
    AND (%(replayed)s::bool IS NULL OR (replayed_at IS NOT NULL) = %(replayed)s)
"""
_LIST: LiteralString = f"""
    SELECT id, inbox, position, reason, explanation, room, room_bytes, message_id, properties, size,
        body IS NOT NULL, published_at, came_at, replayed_at
    FROM wsmigrate_dead_letter WHERE {_WHERE} ORDER BY id LIMIT %(n)s
"""  # noqa: S608 - of constants
_PURGE: LiteralString = f"""
    WITH gone AS (
        DELETE FROM wsmigrate_dead_letter WHERE {_WHERE} RETURNING id
    ), marks AS (
        DELETE FROM wsmigrate_cursor USING gone WHERE inbox = 'wsmigrate.replay.' || gone.id
    )
    SELECT count(*) FROM gone
"""  # noqa: S608


class DeadLetterStore:
    """Keeps dead letters. ``max_bytes`` bounds the bodies of all of them together: a letter that
    would go over it is kept without its body. Each method raises as LayerDatabase does."""

    def __init__(self, database: LayerDatabase, max_bytes: int) -> None:
        self._database = database
        self._max_bytes = max_bytes

    async def keep(self, letters: Sequence[DeadLetter]) -> None:
        """Keep letters that are not kept yet, in one transaction: many may come at once. May be
        repeated. To be done before the cursor moves past them."""
        rows = [_columns(letter) for letter in letters]
        columns = {name: [row[name] for row in rows] for name in rows[0]} if rows else {}
        if columns:
            await self._database.execute(_INSERT, {**columns, "bound": self._max_bytes})

    async def list(self, which: LetterFilter, limit: int | None = None) -> list[KeptLetter]:
        """Letters, the oldest first."""
        rows = await self._database.fetch(
            _LIST,
            {**which.values(), "n": limit},
        )
        return [_letter(row) for row in rows]

    async def count(self) -> dict[str, int]:
        """How many letters wait, by reason: neither replayed nor purged."""
        rows = await self._database.fetch(
            "SELECT reason, count(*) FROM wsmigrate_dead_letter WHERE replayed_at IS NULL"
            " GROUP BY reason ORDER BY reason"
        )
        return {str(reason): int(count) for reason, count in rows}

    async def body(self, letter_id: int) -> bytes | None:
        """The body of a letter; None where it was not kept, or the letter is gone."""
        rows = await self._database.fetch(
            "SELECT body FROM wsmigrate_dead_letter WHERE id = %s", (letter_id,)
        )
        return bytes(rows[0][0]) if rows and rows[0][0] is not None else None

    async def mark_replayed(self, letter_id: int) -> None:
        """Note that the layer has it. May be repeated."""
        await self._database.execute(
            "UPDATE wsmigrate_dead_letter SET replayed_at = clock_timestamp()"
            " WHERE id = %s AND replayed_at IS NULL",
            (letter_id,),
        )

    async def purge(self, which: LetterFilter) -> int:
        """Delete letters, and what kept them from being replayed twice; how many there were."""
        rows = await self._database.fetch(
            _PURGE,
            which.values(),
        )
        return int(rows[0][0])


def _columns(letter: DeadLetter) -> dict[str, Any]:
    room = storable(letter.room)
    as_it_came = letter.room.encode("utf-8", "surrogateescape")
    return {
        "inbox": letter.inbox,
        "position": letter.position,
        "reason": letter.reason,
        "explanation": letter.explanation,
        "room": room,
        "room_bytes": None if room == letter.room else as_it_came,
        "message_id": None if letter.message_id is None else storable(letter.message_id),
        "properties": json.dumps(said(letter.properties)),
        "body": letter.body or b"",  # sent in binary, which has no type for None alone
        "size": None if letter.body is None else len(letter.body),
        "published_at": letter.published_at,
    }


def _letter(row: Row) -> KeptLetter:
    (
        letter_id, inbox, position, reason, explanation, room, room_bytes, message_id,
        properties, size, has_body, published_at, came_at, replayed_at,
    ) = row  # fmt: skip
    return KeptLetter(
        letter_id,
        inbox,
        position,
        reason,
        explanation,
        room,
        None if room_bytes is None else bytes(room_bytes),
        message_id,
        properties,
        size,
        has_body,
        published_at,
        came_at,
        replayed_at,
    )
