"""Messages that no client could be sent as text."""

from __future__ import annotations

from wsmigrate.parity.differences import Difference, Kind
from wsmigrate.parity.frames import Opcode
from wsmigrate.parity.messages import DataMessage
from wsmigrate.parity.rules import Rule


def _covers(difference: Difference) -> bool:
    message = difference.expected
    return (
        difference.kind is Kind.MISSING
        and isinstance(message, DataMessage)
        and message.opcode == Opcode.TEXT
        and not message.is_redacted
        and not _is_utf_8(message.content)
    )


def _is_utf_8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


RULE = Rule(
    "not-utf-8",
    "a text frame that is not UTF-8 makes a client fail the connection (RFC 6455, "
    "8.1): such a message is not relayed",
    _covers,
)
