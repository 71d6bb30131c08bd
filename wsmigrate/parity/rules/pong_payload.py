"""The payload of pongs."""

from __future__ import annotations

from wsmigrate.parity.differences import Difference
from wsmigrate.parity.rules import Rule


def _covers(difference: Difference) -> bool:
    expected, received = difference.expected, difference.received
    return (
        difference.subject == "pong"
        and isinstance(expected, str)
        and isinstance(received, str)
        and not expected.strip("\n")
        and expected.count("\n") == received.count("\n")
        and received == "\n".join(ping.decode("latin-1") for ping in difference.context.pings)
    )


RULE = Rule(
    "pong-payload",
    "uWSGI answers pings with an empty pong, others with the ping's payload; browsers send none",
    _covers,
)
