"""The answer to a close frame of the client."""

from __future__ import annotations

from wsmigrate.parity.differences import Difference
from wsmigrate.parity.recording import End, EndKind, Provocation
from wsmigrate.parity.rules import Rule

_CLOSED_BY_CLIENT = {Provocation.CLOSE, Provocation.OVERSIZED}


def _covers(difference: Difference) -> bool:
    expected, received = difference.expected, difference.received
    return (
        isinstance(expected, End)
        and isinstance(received, End)
        and expected.after is received.after
        and (
            (expected.code == 1005 and expected.after in _CLOSED_BY_CLIENT)
            or (expected.kind is EndKind.CUT and expected.after is Provocation.CLOSE)
        )
        and received.kind is EndKind.CLOSED
        and received.code == received.client_code is not None
        and received.reason in {"", received.client_reason}
    )


RULE = Rule(
    "close-echo",
    "uWSGI answers every close with an empty close frame, 2.0.19 by ending the connection; the "
    "code of the client is echoed by others (RFC 6455, 5.5.1)",
    _covers,
)
