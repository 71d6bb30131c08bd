"""What a rule finds: a place, a reason, and perhaps a rewrite."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass


class Safety(enum.Enum):
    """What may be done about a finding by machine."""

    SAFE = "safe"
    """Rewritten by ``convert``."""
    UNSAFE = "unsafe"
    """Rewritten with ``--unsafe``: behaviour may change in a way that the code does not show."""
    BY_HAND = "by hand"
    """Left alone, for a person to do."""
    NOTE = "note"
    """Good to know; nothing is left to do in the code."""


class Effect(enum.Enum):
    """What a rewrite does to its file."""

    EDIT = "edit"
    CREATE = "create"
    DELETE = "delete"


@dataclass(frozen=True)
class Edit:
    """Replace the characters from ``start`` up to ``end`` of a file's text by ``text``."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Finding:
    """A place that a rule has something to say about. ``line`` counts from 1.

    The edits of a finding are made all together or not at all.
    """

    rule: str
    path: str
    """Relative to the project, with ``/``."""
    line: int
    what: str
    """One sentence or two: what it is and why it has to change."""
    safety: Safety
    edits: tuple[Edit, ...] = ()
    effect: Effect = Effect.EDIT

    @property
    def rewrites(self) -> bool:
        """Whether there is a rewrite, whatever its safety."""
        return bool(self.edits) or self.effect is Effect.DELETE

    @property
    def is_left_to_do(self) -> bool:
        """Whether the conversion is not complete as long as this is found."""
        return self.safety is not Safety.NOTE


def applied(text: str, edits: Iterable[Edit]) -> str:
    """The text with the edits made. They do not overlap; those at one place keep their order."""
    pieces, at = [], 0
    for edit in sorted(edits, key=lambda one: (one.start, one.end)):
        pieces += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*pieces, text[at:]])


def overlaps(edits: Iterable[Edit], others: Iterable[Edit]) -> bool:
    """Whether edits touch the same characters. Two insertions at one place do not."""
    return any(_collide(one, other) for one in edits for other in others)


def _collide(one: Edit, other: Edit) -> bool:
    if one.start == one.end and other.start == other.end:
        return False
    if one.start == one.end:
        return other.start < one.start < other.end
    if other.start == other.end:
        return one.start < other.start < one.end
    return one.start < other.end and other.start < one.end
