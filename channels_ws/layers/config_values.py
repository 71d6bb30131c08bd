"""What the layer's CONFIG may say."""

from __future__ import annotations


def check_seconds(**seconds: object) -> None:
    """Raise ValueError, with the name, for what is no number of seconds above 0: a heartbeat of 0
    would never rest, and ``dead_after`` 0 would take every process for dead."""
    for name, value in seconds.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e9:
            raise ValueError(f"{name} has to be a number of seconds above 0")
