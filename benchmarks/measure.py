"""One row of one round: connect, saturate, pace, account."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.calls import Helper
from benchmarks.figures import Round
from benchmarks.ledger import Account
from benchmarks.plan import SAMPLE, Load, Times, rooms_of_load
from benchmarks.processes import cpu_s, machine_cpu_s, own_cpu_s, resident_bytes
from benchmarks.stage import RunningServer
from wsmigrate.errors import UnavailableError

_CONNECT_S = 300.0
_STOP_S = 90.0
_GREETED_S = 60.0
_GREET_EVERY_S = 0.5
_LOOK_S = 0.05
_ENOUGH_MESSAGES = 8
_ENOUGH_WITHIN_S = 15.0

_phases = itertools.count(1)


@dataclass(frozen=True)
class Connected:
    """What connecting has shown."""

    per_s: float
    rss_per_socket_kib: float


@dataclass(frozen=True)
class Moment:
    """Frames and seconds of CPU up to a time of the monotonic clock."""

    at: float
    frames: int
    server: float
    service: float
    publisher: float
    client: float
    machine: float
    own: float


class Measurement:
    """Measures one server at one room size, with a client whose sockets are all this one's."""

    def __init__(self, server: RunningServer, client: Helper, load: Load, times: Times) -> None:
        self._server = server
        self._client = client
        self._load = load
        self._times = times
        # Of its own: nobody is left in them from an earlier row of the same server.
        self._rooms = rooms_of_load(load, f"r{next(_phases)}x{load.room_size}")

    def run(self, number: int) -> Round:
        """The figures. Raises UnavailableError if it cannot be measured."""
        self._server.publisher.call("open", rooms=self._rooms)
        connected = self._connect()
        before, after, saturated = self._saturate()
        paced = self._pace()
        closed = self._client.call("snapshot")["closed"]
        self._client.call("disconnect")
        seconds = after.at - before.at
        used = {
            name: (getattr(after, name) - getattr(before, name)) / seconds
            for name in ("server", "service", "publisher", "client", "own")
        }
        machine = (after.machine - before.machine) / seconds
        return Round(
            server=self._server.kind.name,
            room_size=self._load.room_size,
            number=number,
            frames_per_s=(after.frames - before.frames) / seconds,
            server_cpu=used["server"],
            service_cpu=used["service"],
            publisher_cpu=used["publisher"],
            client_cpu=used["client"],
            foreign_cpu=max(0.0, machine - sum(used.values())),
            p50_ms=paced["p50_ms"],
            p99_ms=paced["p99_ms"],
            paced_late=paced["late"],
            rss_per_socket_kib=connected.rss_per_socket_kib,
            connects_per_s=connected.per_s,
            account=Account(**saturated["account"]) + Account(**paced["account"]),
            closed=closed,
            stalled=saturated["stalled"],
        )

    def _connect(self) -> Connected:
        """One socket first, which has the server load and connect what it needs; then the rest."""
        server, rooms = self._server, self._rooms
        self._client.call("connect", url=server.url, rooms=rooms[:1], at_once=1)
        self._greet(rooms[:1])
        before = resident_bytes(server.pid)
        rest = (rooms * self._load.room_size)[1:]
        took = self._client.call(
            "connect",
            _CONNECT_S,
            url=server.url,
            rooms=rest,
            at_once=server.kind.connects_at_once,
        )["seconds"]
        grown = resident_bytes(server.pid) - before
        self._greet(rooms)
        if not rest:
            return Connected(0.0, 0.0)
        return Connected(len(rest) / took, grown / 1024 / len(rest))

    def _greet(self, rooms: list[str]) -> None:
        """Return once every socket has got something: some servers accept before they deliver."""
        deadline = time.monotonic() + _GREETED_S
        while True:
            self._server.publisher.call("greet", rooms=rooms)
            until = time.monotonic() + _GREET_EVERY_S
            while time.monotonic() < until:
                answer = self._client.call("greeted")
                if answer["greeted"] == answer["sockets"]:
                    return
                time.sleep(_LOOK_S)
            if time.monotonic() > deadline:
                missing = answer["sockets"] - answer["greeted"]
                raise UnavailableError(f"{missing} of {answer['sockets']} sockets got nothing")

    def _saturate(self) -> tuple[Moment, Moment, dict[str, Any]]:
        self._begin(latencies=False, window=self._load.window)
        time.sleep(self._times.settle_s)
        before = self._moment()
        time.sleep(self._times.saturated_s)
        self._wait_for_enough(before.frames)
        after = self._moment()
        return before, after, self._settle_accounts()

    def _wait_for_enough(self, frames_before: int) -> None:
        """A slow server may need longer than the load lasts for a few messages to a large room."""
        enough = frames_before + _ENOUGH_MESSAGES * self._load.room_size
        deadline = time.monotonic() + _ENOUGH_WITHIN_S
        while self._client.call("snapshot")["frames"] < enough and time.monotonic() < deadline:
            time.sleep(_LOOK_S)

    def _pace(self) -> dict[str, Any]:
        self._begin(latencies=True, per_second=self._load.paced_per_s)
        time.sleep(self._times.paced_s)
        return self._settle_accounts()

    def _begin(self, *, latencies: bool, **load: float) -> None:
        phase = next(_phases)
        self._client.call("begin", phase=phase, sample=SAMPLE, latencies=latencies)
        self._server.publisher.call(
            "start",
            phase=phase,
            rooms=self._rooms,
            sockets_per_room=self._load.room_size,
            senders=self._load.senders,
            **load,
        )

    def _settle_accounts(self) -> dict[str, Any]:
        stopped = self._server.publisher.call("stop", _STOP_S)
        published: Mapping[str, Mapping[str, int]] = stopped["published"]
        messages = sum(sum(counts.values()) for counts in published.values())
        self._drain(messages * self._load.room_size)
        account = self._client.call("account", published=published)
        return {**account, "stalled": stopped["stalled"], "late": stopped["late"]}

    def _drain(self, expected: int) -> None:
        """Wait for the frames that are on their way, and a moment more for those too many."""
        frames, since = -1, time.monotonic()
        while frames < expected and time.monotonic() - since < self._times.drain_s:
            now = self._client.call("snapshot")["frames"]
            if now != frames:
                frames, since = now, time.monotonic()
            time.sleep(_LOOK_S)
        time.sleep(2 * _LOOK_S)

    def _moment(self) -> Moment:
        seen = self._client.call("snapshot")
        return Moment(
            at=seen["at"],
            frames=seen["frames"],
            client=seen["cpu_s"],
            server=cpu_s([self._server.pid]),
            service=cpu_s(self._server.service_pids),
            publisher=self._server.publisher.call("cpu")["cpu_s"],
            machine=machine_cpu_s(),
            own=own_cpu_s(),
        )
