"""``Sec-WebSocket-Origin``, which the old server adds."""

from __future__ import annotations

from wsmigrate.parity.differences import Difference
from wsmigrate.parity.rules import Rule


def _covers(difference: Difference) -> bool:
    return difference.subject == "header:sec-websocket-origin" and difference.received is None


RULE = Rule(
    "sec-websocket-origin",
    "uWSGI adds this header of the drafts before RFC 6455, and no client reads it",
    _covers,
)
