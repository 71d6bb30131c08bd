"""The sample site with leases that end within seconds."""

import os

from chatire.settings import *  # noqa: F403
from chatire.settings import WSMIGRATE


def from_environment(name: str, default: int) -> int:
    return int(os.environ.get(name) or default)


WSMIGRATE |= {
    "BRIDGE_LEASE_S": 3,
    "BIND_TIMEOUT_S": from_environment("FAULT_BIND_TIMEOUT_S", 30),
    "MAX_MESSAGE_BYTES": from_environment("FAULT_MAX_MESSAGE_BYTES", 2 << 20),
    "BRIDGE_MEMORY_BYTES": from_environment("FAULT_MEMORY_BYTES", 256 << 20),
    "DEAD_LETTER_BYTES": from_environment("FAULT_DEAD_LETTER_BYTES", 1 << 30),
    "INBOX_MAX_BYTES": from_environment("FAULT_INBOX_BYTES", 1 << 30),
    "INBOX_KIND": os.environ.get("FAULT_INBOX_KIND") or "stream",
    "INBOXES": from_environment("FAULT_INBOXES", 8),
    "INBOX_PREFIX": os.environ.get("FAULT_INBOX_PREFIX") or "wsmigrate",
}
