"""What `wsmigrate parity watch` costs: 200 rooms at 1,000 messages a second.

python benchmarks/parity_watch.py ENDPOINTS_FILE [--rooms N] [--rate N] [--seconds N] [--json FILE]

ENDPOINTS_FILE is that of a running `wsmigrate up --endpoints FILE`. A process of its own watches,
another one publishes; what counts is the processor time of the first, between two seconds in which
all flows.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from compat_tests.publishers.amqp import AmqpPublisher

_SETTLING_S = 4.0


def measured(ends: dict[str, Any], rooms: int, rate: int, seconds: float) -> dict[str, Any]:
    """Publish for so long, and see what the watcher used meanwhile and what it found."""
    names = [f"watched-{number}" for number in range(rooms)]
    with tempfile.TemporaryDirectory() as folder:
        listed, lines = Path(folder) / "rooms.txt", Path(folder) / "lines.jsonl"
        listed.write_text("\n".join(names), "utf-8")
        command = [
            *(sys.executable, "-m", "migrate_cli", "parity", "watch", "--json"),
            *("--rooms-file", str(listed), "--amqp", ends["amqp_url"]),
            *("--channels", ends["channels_ws_url"], "--for", str(seconds + 2 * _SETTLING_S)),
        ]
        with lines.open("wb") as output:
            watcher = subprocess.Popen(command, stdout=output)
        try:
            _wait_for_line(lines)
            used, published, took = _publish(ends["amqp_url"], names, rate, seconds, watcher.pid)
        finally:
            code = watcher.wait(120)
        told = [json.loads(line) for line in lines.read_text("utf-8").splitlines()]
    return {
        "rooms": rooms,
        "published_per_s": round(published / took, 1),
        "cores_used": round(used / took, 3),
        "published": published,
        "matched": sum(line["matched"] for line in told),
        "mismatched": sum(line["mismatched"] for line in told),
        "exit_code": code,
    }


def _wait_for_line(lines: Path) -> None:
    """The watcher prints once it has joined everything."""
    while not lines.read_bytes():
        time.sleep(0.1)
    time.sleep(_SETTLING_S / 4)


def _publish(
    url: str, names: list[str], rate: int, seconds: float, pid: int
) -> tuple[float, int, float]:
    """Publish at an even pace; the watcher's processor seconds, the messages, the seconds."""
    publisher = AmqpPublisher(url)
    text = random.Random(1)  # noqa: S311 - a benchmark
    for name in names:
        publisher.publish(name, [b"hello"])
    process = psutil.Process(pid)
    before = process.cpu_times()
    began = time.monotonic()
    published = 0
    while (at := time.monotonic() - began) < seconds:
        for _ in range(max(0, int(at * rate) - published)):
            body = json.dumps({"n": published, "message": "x" * text.randrange(200)})
            publisher.publish(names[published % len(names)], [body.encode()])
            published += 1
        time.sleep(0.002)
    took = time.monotonic() - began
    after = process.cpu_times()
    publisher.close()
    return after.user + after.system - before.user - before.system, published, took


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("endpoints", type=Path)
    parser.add_argument("--rooms", type=int, default=200)
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    ends = json.loads(options.endpoints.read_text("utf-8"))
    figures = measured(ends, options.rooms, options.rate, options.seconds)
    text = json.dumps(figures, indent=2)
    sys.stdout.write(text + "\n")
    if options.json is not None:
        options.json.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
