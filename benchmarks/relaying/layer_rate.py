"""How fast messages came into the layer, by the clock of its database."""

from __future__ import annotations

import time

import psycopg

from wsmigrate.errors import UnavailableError

_LOOK_EVERY_S = 0.3
_PATIENCE_S = 30.0


def layer_rate(dsn: str, count: int) -> float:
    """Wait until the log has so many messages; how many came a second, from the first to the last.

    Raises UnavailableError once there are no more for 30 seconds. To ask the bridge would cost it
    what is to be measured.
    """
    last, since = 0, time.monotonic()
    with psycopg.connect(dsn, autocommit=True) as connection:
        while True:
            rows = connection.execute(
                "SELECT cardinality(targets), extract(epoch FROM created_at)::float8"
                " FROM wsmigrate_message ORDER BY id"
            ).fetchall()
            there = sum(size for size, _ in rows)
            if there >= count:
                return float((there - rows[0][0]) / (rows[-1][1] - rows[0][1]))
            if there > last:
                last, since = there, time.monotonic()
            if time.monotonic() > since + _PATIENCE_S:
                raise UnavailableError(f"Of {count:,} messages {there:,} came into the layer.")
            time.sleep(_LOOK_EVERY_S)
