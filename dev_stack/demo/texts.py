"""What is said in the rooms. The same seed says the same."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Final

from dev_stack.demo.plan import PHASES, messages_of_phases

HUGE_BYTES: Final = 200_000
SPEAKERS: Final = 2
SABOTAGE_SIGN: Final = "≠"

_WORDS: Final = [
    "the",
    "room",
    "is",
    "full",
    "tonight",
    "and",
    "everybody",
    "talks",
    "at",
    "once",
    "so",
    "nobody",
    "will",
    "notice",
    "when",
    "the",
    "server",
    "under",
    "the",
    "table",
    "is",
    "exchanged",
    "for",
    "another",
    "one",
    "while",
    "the",
    "cups",
    "stay",
    "where",
    "they",
    "are",
]
_EQUAL: Final = ("ok", "same here", "👍", "+1")
_UNICODE: Final = (
    "Grüße aus Köln",
    "Ærø, Åland, Šiauliai",
    "Добрый вечер",
    "今晚见",
    "مساء الخير",
    "שלום לכולם",
    "e\u0301 is not é",
    "tab\tand\nline break",
)
_EMOJI: Final = ("🎉", "👩‍👩‍👧‍👦", "🏳️‍🌈", "👋🏽", "🧵", "🇪🇺")
_MARKUP: Final = (
    "<b>bold</b> & <script>alert('no')</script>",
    '{"message": "not \\"yours\\"", "user": null}',
    "[link](javascript:void) `code` **strong**",
    "</textarea>&amp;&#60;\u2028]]>",
)

Speaker = Callable[[random.Random, int], str]


def _short(chance: random.Random, number: int) -> str:
    return f"{number}: {' '.join(chance.sample(_WORDS, 4))}"


def _equal(chance: random.Random, number: int) -> str:  # noqa: ARG001
    return chance.choice(_EQUAL)


def _long(chance: random.Random, number: int) -> str:
    return f"{number}: {' '.join(chance.choices(_WORDS, k=600))}"


def _unicode(chance: random.Random, number: int) -> str:
    return f"{chance.choice(_UNICODE)} ({number})"


def _emoji(chance: random.Random, number: int) -> str:
    return f"{number} {''.join(chance.choices(_EMOJI, k=5))}"


def _markup(chance: random.Random, number: int) -> str:
    return f"{chance.choice(_MARKUP)} {number}"


def _huge(chance: random.Random, number: int) -> str:
    line = f"{number}: {' '.join(chance.sample(_WORDS, 12))}\n"
    return (line * (HUGE_BYTES // len(line) + 1))[:HUGE_BYTES]


# A message in two says what was said before, literally; one in fifty is huge.
_USUAL: Final[tuple[Speaker, ...]] = (
    *(_equal,) * 25,
    *(_short,) * 10,
    *(_long,) * 5,
    *(_unicode,) * 4,
    *(_emoji,) * 3,
    *(_markup,) * 2,
    _huge,
)
_EVERY_KIND: Final[tuple[Speaker, ...]] = (
    _huge,
    _equal,
    _unicode,
    _markup,
    _emoji,
    _equal,
    _long,
    _short,
)
_DISTINCT: Final[tuple[Speaker, ...]] = (_short, _unicode, _emoji, _markup, _long)


@dataclass(frozen=True)
class Line:
    """One message of the script: which of the room's SPEAKERS says it, and what."""

    speaker: int
    text: str


def script_of_room(messages: int, seed: int, room: int) -> tuple[tuple[Line, ...], ...]:
    """What is said in a room: the lines of each of PHASES, ``messages`` in all.

    From a dozen messages on, every kind of text is among them. While the front door moves, no two
    texts are equal; otherwise half of them are. No text begins with SABOTAGE_SIGN.
    """
    chance = random.Random(f"{seed}/{room}")  # noqa: S311 - a load that can be repeated, no secret
    counts = messages_of_phases(messages)
    still = sum(count for count, phase in zip(counts, PHASES, strict=True) if not phase.moving)
    usual = iter(_usual_texts(still, chance))
    distinct = iter(_distinct_texts(messages - still, chance))
    return tuple(
        tuple(
            Line(chance.randrange(SPEAKERS), text)
            for text in islice(distinct if phase.moving else usual, count)
        )
        for count, phase in zip(counts, PHASES, strict=True)
    )


def _usual_texts(count: int, chance: random.Random) -> list[str]:
    kinds = list(_EVERY_KIND[:count])
    kinds += chance.choices(_USUAL, k=count - len(kinds))
    chance.shuffle(kinds)
    return [speak(chance, number) for number, speak in enumerate(kinds)]


def _distinct_texts(count: int, chance: random.Random) -> list[str]:
    return [
        f"{_DISTINCT[number % len(_DISTINCT)](chance, number)}, said on the move"
        for number in range(count)
    ]
