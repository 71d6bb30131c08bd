"""How many pairs of recorded frames a second `wsmigrate parity replay` compares, from disk.

python benchmarks/parity_replay.py [--frames N] [--json FILE]

Two recordings of the same chat are written: JSON texts of 60 to 300 bytes in 20 rooms. Then they
are read and compared as `replay --against` does, once with equal payloads and once with one fault
in a thousand.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path

from compat_tests.replaying import ReplayOptions, replay_against
from wsmigrate.parity.frames import WireFrame
from wsmigrate.parity.recording import End, EndKind, Handshake, Recording, SocketRecording
from wsmigrate.parity.recording_file import write_recording

_ROOMS = 20
_HANDSHAKE = Handshake(101, "", (("Upgrade", "websocket"),), True)


def recording(frames: int, seed: int, faults: int = 0) -> Recording:
    """A recording of so many frames; every ``faults``-th one says something else."""
    words = random.Random(seed)  # noqa: S311 - a benchmark
    texts = [
        json.dumps(
            {"user": {"id": n, "username": f"user{n}"}, "message": "x" * words.randrange(240)}
        )
        for n in range(500)
    ]
    sockets = []
    for room in range(_ROOMS):
        got = []
        for number in range(frames // _ROOMS):
            text = texts[(number * 7 + room) % len(texts)]
            if faults and number % faults == faults - 1:
                text = text.replace("message", "massage")
            got.append(WireFrame(1, text.encode(), number * 0.001 + room * 1e-5))
        end = End(EndKind.CLOSED, 1000, "", frames * 0.001)
        sockets.append(SocketRecording("client", f"room-{room}", _HANDSHAKE, tuple(got), end))
    return Recording(tuple(sockets))


def measured(frames: int, faults: int) -> dict[str, float]:
    """Pairs a second; and for each second of the processor, however busy the machine is."""
    with tempfile.TemporaryDirectory() as folder:
        one, other = Path(folder) / "one.jsonl", Path(folder) / "other.jsonl"
        write_recording(one, recording(frames, 1))
        write_recording(other, recording(frames, 1, faults))
        megabytes = (one.stat().st_size + other.stat().st_size) / 1e6
        began, cpu_began = time.perf_counter(), time.process_time()
        outcome = replay_against(ReplayOptions(one), other)
        cpu_seconds = time.process_time() - cpu_began
        seconds = time.perf_counter() - began
    return {
        "pairs": outcome.compared,
        "mismatched": outcome.mismatched,
        "seconds": round(seconds, 3),
        "pairs_per_s": round(outcome.compared / seconds),
        "pairs_per_cpu_s": round(outcome.compared / cpu_seconds),
        "megabytes_read": round(megabytes, 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=200_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    figures = {
        "equal": measured(options.frames, 0),
        "one fault in 1,000": measured(options.frames, 1000),
    }
    text = json.dumps(figures, indent=2)
    sys.stdout.write(text + "\n")
    if options.json is not None:
        options.json.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
