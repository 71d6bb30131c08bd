"""Many clients in a process of their own, and what each of them got.

Run as ``crowd.py URL ROOMS WAVES SOCKETS``: SOCKETS clients connect at once, spread over the rooms
that ROOMS, a prefix, and a number name (``prefix:count``). WAVES times, each wave leaving when all
of its clients have a message; the last one stays until a line comes in. Tells what happened as
lines of JSON. A message is ``<anything>:<number>``, and the numbers of a room go up by one.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections import Counter
from typing import Any

import picows


class Client(picows.WSListener):
    """Counts what its room's numbers should have been and were not."""

    def __init__(self, room: str) -> None:
        self.room = room
        self.got = 0
        self.last: int | None = None
        self.faults: Counter[str] = Counter()
        self.close_code = 0
        self.transport: Any = None

    def on_ws_connected(self, transport: Any) -> None:
        self.transport = transport

    def on_ws_frame(self, transport: Any, frame: Any) -> None:
        if frame.msg_type == picows.WSMsgType.CLOSE:
            self.close_code = int(frame.get_close_code())
            transport.disconnect()
        elif frame.msg_type == picows.WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
        elif frame.msg_type == picows.WSMsgType.TEXT:
            self._note(int(frame.get_payload_as_utf8_text().rpartition(":")[2]))

    def _note(self, number: int) -> None:
        if self.last is not None and number <= self.last:
            self.faults["doubled or out of order"] += 1
        elif self.last is not None and number > self.last + 1:
            self.faults["lost"] += number - self.last - 1
        self.last = number if self.last is None else max(self.last, number)
        self.got += 1


async def enter(url: str, client: Client, failures: Counter[str]) -> bool:
    try:
        await picows.ws_connect(
            lambda: client, f"{url}/{client.room}", websocket_handshake_timeout=60
        )
    except Exception as error:
        failures[f"{type(error).__name__} {error}"[:200]] += 1
        return False
    return True


async def until_all_have_some(clients: list[Client], limit_s: float = 60) -> None:
    end = time.monotonic() + limit_s
    while any(not client.got and not client.close_code for client in clients):
        if time.monotonic() > end:
            return
        await asyncio.sleep(0.02)


def tell(**what: Any) -> None:
    print(json.dumps(what), flush=True)


def outcome(clients: list[Client]) -> dict[str, Any]:
    faults: Counter[str] = Counter()
    for client in clients:
        faults.update(client.faults)
        if client.close_code:
            faults[f"closed with {client.close_code}"] += 1
        if not client.got:
            faults["got nothing"] += 1
    last = {client.room: -1 for client in clients}
    for client in clients:
        last[client.room] = max(last[client.room], client.last or 0)
    faults["behind others"] = sum((client.last or 0) < last[client.room] for client in clients)
    return {"faults": +faults, "last": min(last.values()), "frames": sum(c.got for c in clients)}


async def wave(url: str, prefix: str, rooms: int, sockets: int) -> list[Client]:
    failures: Counter[str] = Counter()
    clients = [Client(f"{prefix}{number % rooms}") for number in range(sockets)]
    begin = time.monotonic()
    entered = await asyncio.gather(*(enter(url, client, failures) for client in clients))
    seconds = round(time.monotonic() - begin, 2)
    tell(connected=sum(entered), seconds=seconds, failures=failures)
    return [client for client, inside in zip(clients, entered, strict=True) if inside]


async def main(url: str, rooms: str, waves: str, sockets: str) -> None:
    prefix, _, count = rooms.rpartition(":")
    for number in range(int(waves)):
        clients = await wave(url, prefix, int(count), int(sockets))
        await until_all_have_some(clients)
        if number + 1 < int(waves):
            for client in clients:
                client.transport.disconnect()
            tell(left=len(clients), **outcome_of_some(clients))
    loop = asyncio.get_running_loop()
    while command := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
        # Until each has the message with this number, or it takes too long.
        end = time.monotonic() + 60
        while outcome(clients)["last"] < int(command) or outcome(clients)["faults"]:
            if time.monotonic() > end:
                break
            await asyncio.sleep(0.1)
        tell(**outcome(clients))


def outcome_of_some(clients: list[Client]) -> dict[str, Any]:
    """Of clients that left before the others had everything."""
    result = outcome(clients)
    result["faults"].pop("behind others", None)
    return result


if __name__ == "__main__":
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(main(*sys.argv[1:]))
