"""Channel layers. ``channels_ws.layers.PostgresLayer`` is the BACKEND for CHANNEL_LAYERS."""

from __future__ import annotations

from typing import Any

from channels_ws.layers.errors import LayerGapError

__all__ = ["LayerGapError", "PostgresLayer"]


def __getattr__(name: str) -> Any:
    # Sites with another layer get along without channels-postgres, which PostgresLayer needs.
    if name == "PostgresLayer":
        from channels_ws.layers.postgres import PostgresLayer  # noqa: PLC0415

        return PostgresLayer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
