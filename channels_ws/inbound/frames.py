"""Reads what a client sends."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from channels_ws.inbound.outcomes import InboundProblem, Outcome


def message_of_text(text: str) -> dict[str, Any]:
    """The message in a text frame: one JSON object, as ``notify()`` would be given it.

    Raises InboundProblem. ``NaN`` and ``Infinity``, which Python would take, are no JSON, and
    browsers could not read them.
    """
    try:
        message = json.loads(text, parse_constant=_no_json)
    except (ValueError, RecursionError):
        raise InboundProblem(Outcome.NOT_JSON, "The message is not JSON.") from None
    if not isinstance(message, dict):
        raise InboundProblem(Outcome.NOT_JSON, "The message is no JSON object.")
    return message


def size_of(text: str) -> int:
    """The bytes of a text frame's payload."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _no_json(name: str) -> NoReturn:
    raise ValueError(name)
