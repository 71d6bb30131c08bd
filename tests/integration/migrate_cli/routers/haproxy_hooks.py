"""Commands for ``command:``, as an operator might write them: standard library alone, an HAProxy
by its runtime socket. Used as ``haproxy_hooks.py SOCKET STATE_FILE WORD [ARGUMENT…]``."""

import csv
import json
import socket
import sys
import time
from pathlib import Path

SIDES = ("legacy", "channels")


def ask(command: str) -> str:
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(sys.argv[1])
        link.sendall(command.encode() + b"\n")
        return b"".join(iter(lambda: link.recv(65536), b"")).decode()


def rows() -> list[dict[str, str]]:
    return list(csv.DictReader(ask("show stat -1 4 -1").lstrip("# ").splitlines()))


def get() -> None:
    weights = {row["svname"]: int(row["weight"]) for row in rows() if row["pxname"] == "ws"}
    print(100 * weights["channels"] / sum(weights.values()))


def set_share(percent: str) -> None:
    legacy, channels = 100 - int(percent), int(percent)
    commands = [
        f"set server ws/legacy weight {legacy}",
        f"set server ws/channels weight {channels}",
    ]
    said = ask("; ".join(commands if legacy > channels else commands[::-1])).strip()
    if said:
        sys.exit(said)
    Path(sys.argv[2]).write_text(ask("show servers state").strip() + "\n")


def sessions() -> None:
    print(json.dumps({s: sum(int(r["scur"]) for r in rows() if r["svname"] == s) for s in SIDES}))


def health() -> None:
    status = {row["svname"]: row["status"] for row in rows() if row["pxname"] == "ws"}
    print(json.dumps({s: "up" if status[s].startswith(("UP", "DRAIN")) else "down" for s in SIDES}))


def traffic(side: str) -> None:
    mine = [row for row in rows() if row["svname"] == side]
    errors = sum(int(row["econ"] or 0) + int(row["hrsp_5xx"] or 0) for row in mine)
    print(json.dumps({"connects": sum(int(row["stot"]) for row in mine), "errors": errors}))


def close(side: str, count: str) -> None:
    lines = [line for line in ask("show sess").splitlines() if f" srv={side} " in line]
    for line in lines[: int(count)]:
        ask(f"shutdown session {line.partition(':')[0]}")
    time.sleep(0.05)
    print(min(len(lines), int(count)))


word, *arguments = sys.argv[3:]
{
    "get": get,
    "set": set_share,
    "sessions": sessions,
    "health": health,
    "traffic": traffic,
    "close": close,
}[word](*arguments)
