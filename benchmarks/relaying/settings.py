"""Django settings of the bridges and the server under measurement."""

from __future__ import annotations

import os
from typing import Any

from benchmarks.servers.settings import *  # noqa: F403
from benchmarks.servers.settings import WSMIGRATE

NOTIFICATIONS_CHANNELS: dict[str, Any] = {}
WSMIGRATE.clear()
WSMIGRATE.update(
    # The rooms are bound beforehand: what is measured is the relay.
    NEW_ROOMS_PER_S=100_000.0,
    NEW_ROOMS_BURST=100_000,
    ADDRESS_NEW_ROOMS_PER_S=100_000.0,
    ADDRESS_NEW_ROOMS_BURST=100_000,
    BIND_TIMEOUT_S=60.0,
    BRIDGE_LEASE_S=float(os.environ.get("BENCH_LEASE_S") or 8),
)
