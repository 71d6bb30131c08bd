"""Says in words how a payload was changed."""

from __future__ import annotations

import json
import unicodedata

from wsmigrate.parity.messages import DataMessage

_TOO_LARGE = 1 << 20


def first_difference(expected: bytes, received: bytes) -> int:
    """The place of the first byte that differs; the length of the shorter one, if that is all."""
    shorter = min(len(expected), len(received))
    low, high = 0, shorter
    if expected[:shorter] == received[:shorter]:
        return shorter
    while high - low > 1:
        middle = (low + high) // 2
        if expected[low:middle] == received[low:middle]:
            low = middle
        else:
            high = middle
    return low


def described_change(expected: DataMessage, received: DataMessage) -> str:
    """One sentence: where the payloads differ, and whether they are the same JSON all the same."""
    if expected.is_redacted or received.is_redacted:
        return f"{expected.length} and {received.length} bytes, of which only digests are known"
    before, after = expected.content, received.content
    place = first_difference(before, after)
    sentence = f"byte {place} is the first that differs ({len(before)} and {len(after)} bytes)"
    what = _what(before, after)
    return f"{sentence}; {what}" if what else sentence


def _what(before: bytes, after: bytes) -> str:
    if max(len(before), len(after)) > _TOO_LARGE:
        return ""
    try:
        old, new = before.decode("utf-8"), after.decode("utf-8")
        if unicodedata.normalize("NFC", old) == unicodedata.normalize("NFC", new):
            return "the same text in another Unicode normalisation"
        return _of_documents(old, new)
    except (ValueError, RecursionError):  # no UTF-8, or no JSON
        return ""


def _of_documents(old: str, new: str) -> str:
    left, right = _tree(old), _tree(new)
    if left == right:
        if _without_space(old) == _without_space(new):
            return "the same JSON with other spaces"
        return "the same JSON, escaped or written in another way"
    if _sorted(left) == _sorted(right):
        return "the same JSON with its keys in another order"
    return ""


def _tree(text: str) -> object:
    """The document with its objects as lists of pairs, so that order and doubles count, and with
    numbers as they are written."""
    return json.loads(
        text,
        object_pairs_hook=lambda pairs: ("object", tuple(pairs)),
        parse_float=lambda written: ("number", written),
        parse_int=lambda written: ("number", written),
    )


def _sorted(tree: object) -> object:
    if isinstance(tree, list):
        return [_sorted(one) for one in tree]
    if isinstance(tree, tuple) and len(tree) == 2 and tree[0] == "object":
        return ("object", sorted(((key, _sorted(value)) for key, value in tree[1]), key=repr))
    return tree


def _without_space(text: str) -> str:
    return "".join(text.split())
