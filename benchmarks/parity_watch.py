"""What `wsmigrate parity watch` costs: 200 rooms at 1,000 messages a second.

python benchmarks/parity_watch.py [ENDPOINTS_FILE] [--rooms N] [--rate N] [--seconds N]
    [--json FILE]

ENDPOINTS_FILE is that of a running `wsmigrate up --endpoints FILE`; without it a stack is started.
A process of its own watches, another one publishes; what counts is the processor time of the first
for each 1,000 messages, which does not depend on how busy the machine is with other things.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pika
import psutil

from dev_stack.stack import Stack

_TO_JOIN_S = 120.0
_TO_ARRIVE_S = 2.0


def measured(ends: dict[str, Any], rooms: int, rate: int, seconds: float) -> dict[str, Any]:
    """Publish for so long, and see what the watcher used meanwhile and what it found."""
    names = [f"watched-{number}" for number in range(rooms)]
    with tempfile.TemporaryDirectory() as folder:
        listed, lines = Path(folder) / "rooms.txt", Path(folder) / "lines.jsonl"
        listed.write_text("\n".join(names), "utf-8")
        command = [
            *(sys.executable, "-m", "migrate_cli", "parity", "watch", "--json"),
            *("--rooms-file", str(listed), "--amqp", ends["amqp_url"]),
            *("--channels", ends["channels_ws_url"]),
        ]
        with lines.open("wb") as output:
            watcher = subprocess.Popen(command, stdout=output)
        try:
            _wait_for_line(lines)
            used, published, took = _publish(ends["amqp_url"], names, rate, seconds, watcher.pid)
        finally:
            watcher.send_signal(signal.SIGINT)
            code = watcher.wait(60)
        told = [json.loads(line) for line in lines.read_text("utf-8").splitlines()]
    per_1000_s = used / published * 1000
    return {
        "rooms": rooms,
        "published_per_s": round(published / took, 1),
        "cpu_s_per_1000_messages": round(per_1000_s, 4),
        "cores_at_1000_per_s": round(per_1000_s, 3),
        "published": published,
        "matched": sum(line["matched"] for line in told),
        "mismatched": sum(line["mismatched"] for line in told),
        "lag_ms_p50": sorted(line["lag_ms"]["p50"] or 0.0 for line in told)[len(told) // 2],
        "exit_code": code,
    }


def _wait_for_line(lines: Path) -> None:
    """The watcher prints once it has joined everything."""
    deadline = time.monotonic() + _TO_JOIN_S
    while not lines.read_bytes():
        if time.monotonic() > deadline:
            raise TimeoutError("the watcher has not begun to watch")
        time.sleep(0.1)


def _publish(
    url: str, names: list[str], rate: int, seconds: float, pid: int
) -> tuple[float, int, float]:
    """Publish at an even pace; the watcher's processor seconds until all has arrived, the messages,
    the seconds of publishing. Without confirms, so that a busy broker does not slow the pace."""
    text = random.Random(1)  # noqa: S311 - a benchmark
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    process = psutil.Process(pid)
    before = process.cpu_times()
    began = time.monotonic()
    published = 0
    while (at := time.monotonic() - began) < seconds:
        for _ in range(max(0, int(at * rate) - published)):
            body = json.dumps({"n": published, "message": "x" * text.randrange(200)})
            channel.basic_publish(names[published % len(names)], "", body.encode())
            published += 1
        connection.sleep(0.002)
    took = time.monotonic() - began
    connection.close()
    time.sleep(_TO_ARRIVE_S)
    after = process.cpu_times()
    return after.user + after.system - before.user - before.system, published, took


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("endpoints", type=Path, nargs="?")
    parser.add_argument("--rooms", type=int, default=200)
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    how = options.rooms, options.rate, options.seconds
    if options.endpoints is not None:
        figures = measured(json.loads(options.endpoints.read_text("utf-8")), *how)
    else:
        with Stack() as stack:
            stack.start()
            figures = measured(vars(stack.endpoints), *how)
    text = json.dumps(figures, indent=2)
    sys.stdout.write(text + "\n")
    if options.json is not None:
        options.json.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
