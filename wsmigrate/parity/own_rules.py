"""Rules of a site's own, for what is volatile in its messages: a time, a random id.

The place is masked in the text as it stands, by JSON pointer (RFC 6901) or regular expression; all
other bytes are compared as ever, also the spaces and the order of keys around it.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wsmigrate.errors import ConfigError
from wsmigrate.parity.messages import DataMessage

_SPACE = re.compile(r"[ \t\n\r]*")
_KEYS = frozenset({"name", "reason", "json_pointer", "regex", "rooms"})


@dataclass(frozen=True)
class OwnRule:
    """What is volatile. ``pointer`` is split into its tokens; of a ``pattern`` with groups only the
    groups are masked. ``rooms`` is a shell pattern."""

    name: str
    reason: str
    pointer: tuple[str, ...] | None = None
    pattern: re.Pattern[bytes] | None = field(default=None)
    rooms: str = "*"

    def spans(self, content: bytes) -> Iterator[tuple[int, int]]:
        """The places in a payload that are volatile, from left to right."""
        if self.pattern is not None:
            for match in self.pattern.finditer(content):
                groups = range(1, self.pattern.groups + 1) if self.pattern.groups else (0,)
                for group in groups:
                    if match.start(group) >= 0:
                        yield match.span(group)
        elif self.pointer is not None:
            yield from _pointed_at(content, self.pointer)

    def is_for(self, room: str) -> bool:
        """Whether it holds in a room."""
        return fnmatch.fnmatchcase(room, self.rooms)


@dataclass(frozen=True)
class Masked:
    """A payload with its volatile places blotted out, and the rules that had one."""

    content: bytes
    rules: tuple[OwnRule, ...] = ()

    def __hash__(self) -> int:
        return hash(self.content)

    @property
    def is_blank(self) -> bool:
        """Whether rules have left nothing of it to compare."""
        rest = self.content
        for rule in self.rules:
            rest = rest.replace(_mask(rule), b"")
        return bool(self.rules) and not rest


def masked(message: DataMessage, rules: Sequence[OwnRule]) -> Masked:
    """Blots out what the rules name. A redacted message stays as it is: there is nothing to see."""
    content, used = message.content, []
    if message.is_redacted:
        return Masked(content)
    for rule in rules:
        spans = list(rule.spans(content))
        if spans:
            used.append(rule)
            content = _blotted(content, spans, _mask(rule))
    return Masked(content, tuple(used))


def rules_of_document(document: Mapping[str, Any]) -> tuple[OwnRule, ...]:
    """The rules of a configuration: ``{"rule": [{"name", "reason", "json_pointer" or "regex"}]}``.

    Raises ConfigError.
    """
    entries = document.get("rule", [])
    unknown = sorted(set(document) - {"rule"})
    if unknown or not isinstance(entries, list):
        raise ConfigError(
            f"The rules file holds {', '.join(unknown) or 'something that is no list of rules'}.",
            remedy="It is to hold [[rule]] entries only.",
        )
    return tuple(_rule(number, entry) for number, entry in enumerate(entries, 1))


def _rule(number: int, entry: object) -> OwnRule:
    where = f"Rule {number} in the rules file"
    if not isinstance(entry, Mapping) or not all(isinstance(one, str) for one in entry.values()):
        raise ConfigError(f"{where} is no table of texts.")
    unknown = sorted(set(entry) - _KEYS)
    if unknown:
        raise ConfigError(
            f"{where} has keys that are not known: {', '.join(unknown)}.",
            remedy=f"Known are {', '.join(sorted(_KEYS))}.",
        )
    if not entry.get("name") or not entry.get("reason"):
        raise ConfigError(f"{where} needs a name and a reason.")
    if ("json_pointer" in entry) == ("regex" in entry):
        raise ConfigError(f"{where} needs either a json_pointer or a regex.")
    name, reason, rooms = entry["name"], entry["reason"], entry.get("rooms", "*")
    if "regex" in entry:
        try:
            pattern = re.compile(entry["regex"].encode("utf-8"), re.DOTALL)
        except re.error as error:
            raise ConfigError(f"{where} has a regex that cannot be read: {error}.") from None
        return OwnRule(name, reason, pattern=pattern, rooms=rooms)
    pointer = entry["json_pointer"]
    if not pointer.startswith("/"):
        raise ConfigError(f"{where} has a json_pointer that does not begin with '/'.")
    tokens = (token.replace("~1", "/").replace("~0", "~") for token in pointer[1:].split("/"))
    return OwnRule(name, reason, pointer=tuple(tokens), rooms=rooms)


def _mask(rule: OwnRule) -> bytes:
    return b"\0" + rule.name.encode("utf-8") + b"\0"


def _blotted(content: bytes, spans: Sequence[tuple[int, int]], mask: bytes) -> bytes:
    """Spans may overlap and stand in any order, as the groups of a regular expression do."""
    parts, place = [], 0
    for start, stop in sorted(spans):
        if start >= place:
            parts += [content[place:start], mask]
        place = max(place, stop)
    return b"".join([*parts, content[place:]])


def _pointed_at(content: bytes, tokens: Sequence[str]) -> list[tuple[int, int]]:
    """The byte spans of the values that a pointer names; a token ``*`` stands for every element of
    an array. None in what is no JSON."""
    try:
        text = content.decode("utf-8")
        spans = list(_Walk(text).find(0, tokens))
    except (ValueError, IndexError, RecursionError):
        return []
    if text.isascii():
        return spans
    return [
        (len(text[:start].encode("utf-8")), len(text[:stop].encode("utf-8")))
        for start, stop in spans
    ]


class _Walk:
    """Finds the places of values in a JSON text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._decode = json.JSONDecoder().raw_decode

    def find(self, place: int, tokens: Sequence[str]) -> Iterator[tuple[int, int]]:
        start = self._skip(place)
        if not tokens:
            yield start, self._decode(self._text, start)[1]
        elif self._text[start] == "{":
            yield from self._in_object(start, tokens)
        elif self._text[start] == "[":
            yield from self._in_array(start, tokens)

    def _in_object(self, start: int, tokens: Sequence[str]) -> Iterator[tuple[int, int]]:
        place = self._skip(start + 1)
        while self._text[place] != "}":
            key, place = self._decode(self._text, place)
            place = self._skip(self._skip(place) + 1)  # behind the colon
            if key == tokens[0]:
                yield from self.find(place, tokens[1:])
            place = self._skip(self._decode(self._text, place)[1])
            if self._text[place] == ",":
                place = self._skip(place + 1)

    def _in_array(self, start: int, tokens: Sequence[str]) -> Iterator[tuple[int, int]]:
        place, number = self._skip(start + 1), 0
        while self._text[place] != "]":
            if tokens[0] in {"*", str(number)}:
                yield from self.find(place, tokens[1:])
            place = self._skip(self._decode(self._text, place)[1])
            if self._text[place] == ",":
                place = self._skip(place + 1)
            number += 1

    def _skip(self, place: int) -> int:
        match = _SPACE.match(self._text, place)
        return place if match is None else match.end()
