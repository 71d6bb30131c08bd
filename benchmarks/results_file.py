"""The file that ``--json`` names."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from benchmarks.figures import PARTS, Ratio, Round, Row, Target
from benchmarks.kinds import KINDS
from benchmarks.plan import load_of_room_size
from benchmarks.run import Options

_LIBRARIES = (
    *("channels", "channels-postgres", "channels-redis", "django", "django-notifs", "gevent"),
    *("picows", "pika", "psycopg", "uvicorn", "uwsgi", "websockets"),
)


def document(
    options: Options,
    rounds: Sequence[Round],
    rows: Sequence[Row],
    ratios: Sequence[Ratio],
    targets: Sequence[Target],
) -> dict[str, Any]:
    """All of a run. Speeds are medians of rounds, ratios medians of the rounds' ratios."""
    return {
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "libraries": {name: version(name) for name in _LIBRARIES},
        },
        "method": {
            "rounds": options.rounds,
            "times": asdict(options.times),
            "server_anew_for_each_row": options.anew,
            "fsync": options.fsync,
            "loads": [asdict(load_of_room_size(size)) for size in options.room_sizes],
            "servers": {kind.name: kind.what for kind in KINDS if kind in options.kinds},
        },
        "rows": [_row(row) for row in rows],
        "ratios": [asdict(ratio) for ratio in ratios],
        "targets": [
            {**asdict(target.ratio), "at_least": target.at_least, "met": target.met}
            for target in targets
        ],
        "rounds": [{**asdict(one), "void": one.void} for one in rounds],
    }


def _row(row: Row) -> dict[str, Any]:
    kind = next(kind for kind in KINDS if kind.name == row.server)
    load = load_of_room_size(row.room_size)
    return {
        **asdict(row),
        "clean": row.clean,
        "cpu_us_per_frame": {part: row.cpu_us_per_frame(part) for part in PARTS},
        "rooms": load.rooms,
        "senders": load.senders,
        "paced_messages_per_s": load.paced_per_s,
        "connects_at_once": kind.connects_at_once,
    }
