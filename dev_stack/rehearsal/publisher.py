"""A process of the site that calls ``notify()`` at a steady rate, until its standard input ends.

``python -m dev_stack.rehearsal.publisher NAME PLAN LOG``. ``PLAN`` is a JSON file with ``rooms``
(name and rate of each; this process's share of it) and ``sizes``. ``LOG`` gets two lines for each
message: ``b room number at`` before, and ``e room number at`` after it, or ``f room number at why``
where it failed. Times are those of CLOCK_MONOTONIC, which all processes of a machine share.
"""

from __future__ import annotations

import heapq
import json
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

import django

from dev_stack.rehearsal.lines import said

_CATCH_UP_S = 1.0


def main(name: str, plan_file: str, log_file: str) -> None:
    """See the module."""
    django.setup()
    ended = threading.Event()
    threading.Thread(target=_wait_for_the_end, args=(ended,), daemon=True).start()
    plan = json.loads(Path(plan_file).read_text("utf-8"))
    with Path(log_file).open("w", encoding="utf-8", buffering=1 << 16) as log:
        _publish_until(ended, name, plan, log)


def _wait_for_the_end(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


def _publish_until(
    ended: threading.Event, name: str, plan: dict[str, list[Any]], log: IO[str]
) -> None:
    from notifications.utils import notify  # noqa: PLC0415 - needs Django

    rooms, sizes = plan["rooms"], plan["sizes"]
    begin = time.monotonic()
    # Each room has its own beat; they are spread so that not all are due at once.
    due = [
        (begin + place / len(rooms) / room["rate"], place)
        for place, room in enumerate(rooms)
        if room["rate"]
    ]
    heapq.heapify(due)
    numbers = [0] * len(rooms)
    while due and not ended.wait(max(0.0, due[0][0] - time.monotonic())):
        at, place = heapq.heappop(due)
        number = numbers[place]
        numbers[place] += 1
        text = said(name, place, number, sizes[(number + place) % len(sizes)])
        log.write(f"b {place} {number} {time.monotonic():.6f}\n")
        try:
            notify(
                silent=True,
                channels=["websocket"],
                extra_data={"room_name": rooms[place]["name"], "message": text},
            )
        except Exception as error:  # the site goes on, as after a failed request
            log.write(f"f {place} {number} {time.monotonic():.6f} {type(error).__name__}\n")
        else:
            log.write(f"e {place} {number} {time.monotonic():.6f}\n")
        # One that was held up says what is due by now, and does not make up for more than that.
        following = max(at + 1 / rooms[place]["rate"], time.monotonic() - _CATCH_UP_S)
        heapq.heappush(due, (following, place))


if __name__ == "__main__":
    main(*sys.argv[1:])
