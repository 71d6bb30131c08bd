"""Entries of the message log, and the notices that announce them. Pure.

A target is a letter and a name: ``g`` a group, ``c`` the channel of one process, ``q`` an ordinary
channel, ``m`` the process whose channel joins or leaves a group, ``f`` a flush.

A notice, the payload of a NOTIFY, is ``<id> <prefix> <item>,<item>…``, where an item is a target, a
space and the payload in base64. A payload that is too long for a notice is left out. Where one
notice does not hold all items of a row there are several, in their order, all but the last with
their number and a ``+`` before the id (of notices that are equal PostgreSQL delivers one). Where
many would be needed there is one without any item. The notice ``0 <prefix> w<channel>`` says that
an ordinary channel has a message.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

MAX_NOTICE = 7700
"""Characters for the items of a notice. PostgreSQL allows a NOTIFY less than 8,000 bytes in all;
the id has up to 19 digits and the prefix up to 100 characters."""

MAX_NOTICES = 16
"""Notices of one row."""

GROUP = "g"
CHANNEL = "c"
ORDINARY = "q"
MEMBERSHIP = "m"
FLUSH = "f"
WOKEN = "w"


class NoticeError(ValueError):
    """A notice that this version cannot read."""


class Entry(NamedTuple):
    """One message of the log. ``payload`` is None where a notice left it out."""

    target: str
    payload: bytes | None

    def __repr__(self) -> str:
        """Without the payload: it is a message's body."""
        size = "absent" if self.payload is None else f"{len(self.payload)} bytes"
        return f"<Entry {self.target} {size}>"


@dataclass(frozen=True)
class Notice:
    """What a NOTIFY says of the row ``id``. ``entries`` is None where it left out all of them;
    ``more`` says that the next notice has further entries of the row."""

    id: int
    prefix: str
    entries: tuple[Entry, ...] | None
    more: bool = False


def notices_of(entries: Sequence[Entry], limit: int = MAX_NOTICE) -> list[str]:
    """The items of the notices of a row, one text for each notice."""
    notices: list[str] = []
    items: list[str] = []
    left = limit
    for entry in entries:
        item = _item(entry, limit)
        if len(item) + 1 > left:
            notices.append(",".join(items))
            if len(notices) == MAX_NOTICES:
                return [""]  # to read the row costs less
            items, left = [], limit
        items.append(item)
        left -= len(item) + 1
    return [*notices, ",".join(items)]


def _item(entry: Entry, limit: int) -> str:
    payload = entry.payload
    if payload is None or len(entry.target) + 2 + (len(payload) + 2) // 3 * 4 > limit:
        return entry.target
    return f"{entry.target} {binascii.b2a_base64(payload, newline=False).decode('ascii')}"


def parsed_notice(text: str) -> Notice:
    """The notice in the payload of a NOTIFY. Raises NoticeError."""
    try:
        row, prefix, items = text.split(" ", 2)
        entries = tuple(map(_parsed_item, items.split(","))) if items else None
        _number, plus, row_id = row.rpartition("+")
        return Notice(int(row_id), prefix, entries, more=bool(plus))
    except (ValueError, binascii.Error) as error:
        raise NoticeError(f"a notice of {len(text)} characters cannot be read") from error


def entries_of_row(targets: Iterable[str], payloads: Iterable[bytes]) -> tuple[Entry, ...]:
    """The entries of a row of the log."""
    return tuple(map(Entry, targets, payloads))


def _parsed_item(item: str) -> Entry:
    target, space, encoded = item.partition(" ")
    if not target:
        raise ValueError("an item without a target")
    return Entry(target, binascii.a2b_base64(encoded, strict_mode=True) if space else None)
