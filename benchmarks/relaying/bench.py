"""The measurements of the relay's benchmark."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pika

from benchmarks.kinds import Service
from benchmarks.relaying.layer_rate import layer_rate
from benchmarks.relaying.stamps import added_ms, at_share
from benchmarks.relaying.troupe import Troupe, until
from benchmarks.services import Services
from dev_stack.runtime import Runtime
from wsmigrate.errors import UnavailableError
from wsmigrate.topology import inbox_of_room

_SETTINGS = "benchmarks.relaying.settings"
_FAILOVER_ROOMS = 64
_PATIENCE_S = 30.0
_SETTLE_S = 3.0
_WARM_UP_S = 1.0


@dataclass(frozen=True)
class Plan:
    """``count`` messages are relayed at full speed; ``seconds`` at 1,000 a second, after a warm-up:
    in a process that has just started everything is done for the first time."""

    count: int = 50_000
    seconds: float = 6.0
    paced_per_s: float = 1000.0
    lease_s: float = 8.0

    @property
    def warm_up(self) -> int:
        """So many of the paced messages come first, and are not counted."""
        return round(_WARM_UP_S * self.paced_per_s)


@dataclass(frozen=True)
class Latency:
    """What the relay adds to what a legacy client's queue takes, in milliseconds; None where not
    even nine in ten messages came."""

    added_p50_ms: float | None
    added_p99_ms: float | None


class RelayBench:
    """One run on services of its own."""

    def __init__(self, runtime: Runtime, services: Services, plan: Plan) -> None:
        self._runtime = runtime
        self._services = services
        self._plan = plan
        self._url = services.url(Service.RABBITMQ)
        self._databases = 0

    def limits(self) -> dict[str, float]:
        """What the two ends can do alone."""
        rooms = _rooms(100)
        troupe = self._troupe()
        troupe.play("bind", url=self._url, rooms=rooms)
        published = troupe.play("preload", url=self._url, rooms=rooms, count=self._plan.count)
        pika_s = troupe.play("pika_limit", url=self._url, count=published["published"])
        layer_s = troupe.play("layer_limit", rooms=rooms, batch=500, seconds=5.0)
        return {
            "pika_consume_per_s": round(pika_s["per_s"]),
            "layer_batch_per_s": round(layer_s["per_s"]),
        }

    def latency(self, path: str, count: int) -> Latency:
        """What the relay adds at the pace."""
        with self._way(path, count) as (troupe, listener), troupe.bridge() as bridge:
            until(bridge.held)
            return self._added(troupe, path, listener)

    def full_speed(self, path: str, count: int) -> float:
        """Messages a second, of those that wait when the bridge starts."""
        with self._way(path, count) as (troupe, listener):
            return self._full_speed(troupe, path, listener)

    @contextlib.contextmanager
    def _way(self, path: str, count: int) -> Iterator[tuple[Troupe, dict[str, Any]]]:
        """Bound rooms; and what their listeners have to know."""
        rooms = _rooms(count)
        troupe = self._troupe()
        troupe.play("bind", url=self._url, rooms=rooms)
        listener: dict[str, Any] = {"rooms": rooms}
        if path == "layer":
            yield troupe, listener
            return
        with troupe.server() as url:
            yield troupe, {**listener, "server": url}

    def _full_speed(self, troupe: Troupe, path: str, listener: dict[str, Any]) -> float:
        """Messages a second, from the first to the last. Of the way to the layer nobody listens,
        as when the layer's limit is measured."""
        preload = {"url": self._url, "rooms": listener["rooms"], "count": self._plan.count}
        if path == "layer":
            count = troupe.play("preload", **preload)["published"]
            with troupe.bridge():
                return layer_rate(troupe.dsn, count)
        count = self._plan.count + 1
        options = {"count": count, "within_s": _PATIENCE_S}
        with troupe.playing("sockets", **options, **listener) as audience:
            audience.wait_until_ready()
            troupe.play("preload", **preload)
            with troupe.bridge():
                audience.wait_until_done()
                times: list[int] = sorted(audience.result()["heard"].values())
        if len(times) < count:
            raise UnavailableError(f"Of {count:,} messages {len(times):,} came to their sockets.")
        return (count - 1) / ((times[-1] - times[0]) / 1e9)

    def failover(self, fault: str) -> float:
        """Seconds until what is published after a fault arrives, in the worst inbox."""
        rooms = _rooms(_FAILOVER_ROOMS)
        troupe = self._troupe()
        troupe.play("bind", url=self._url, rooms=rooms)
        with contextlib.ExitStack() as stack:
            port = pika.URLParameters(self._url).port
            proxy_port = self._runtime.ports.free()
            proxy = stack.enter_context(troupe.playing("proxy", port=proxy_port, to=port))
            proxy.wait_until_ready()
            by_proxy = self._url.replace(f":{port}", f":{proxy_port}")
            listener = stack.enter_context(troupe.playing("layer", rooms=rooms))
            listener.wait_until_ready()
            victim = stack.enter_context(troupe.bridge(WSMIGRATE_AMQP_URL=by_proxy))
            until(lambda: len(victim.held()) == 8)
            other = stack.enter_context(troupe.bridge())
            until(lambda: len(victim.held()) == 4 and len(other.held()) == 4)
            lost = set(victim.held())
            seconds = 6.0 + self._plan.lease_s
            pace = stack.enter_context(
                troupe.playing("pace", url=self._url, rooms=rooms, per_s=640, seconds=seconds)
            )
            pace.wait_until_ready()
            time.sleep(2)
            at_ns = time.time_ns()
            if fault == "half_open":
                os.kill(proxy.process.pid, signal.SIGSTOP)
            else:
                number = signal.SIGKILL if fault == "sigkill" else signal.SIGSTOP
                victim.process.send_signal(number)
            pace.result()
            time.sleep(2)
            heard = {int(n): at for n, at in listener.result()["heard"].items()}
        return _slowest(heard, rooms, lost, at_ns)

    def _added(self, troupe: Troupe, path: str, listener: dict[str, Any]) -> Latency:
        rooms, plan = listener["rooms"], self._plan
        role = "sockets" if path == "socket" else "layer"
        with (
            troupe.playing("direct", url=self._url, rooms=rooms) as direct,
            troupe.playing(role, **listener) as audience,
        ):
            direct.wait_until_ready()
            audience.wait_until_ready()
            time.sleep(1)
            troupe.play(
                "pace",
                url=self._url,
                rooms=rooms,
                per_s=plan.paced_per_s,
                seconds=_WARM_UP_S + plan.seconds,
            )
            time.sleep(_SETTLE_S)
            heard = [_later(one.result()["heard"], plan.warm_up) for one in (direct, audience)]
        added = added_ms(*heard)
        if len(added) < plan.paced_per_s * plan.seconds * 0.9:
            return Latency(None, None)  # it did not keep up: there is no figure to give
        p50, p99 = at_share(added, 0.5), at_share(added, 0.99)
        return Latency(p50 and round(p50, 2), p99 and round(p99, 2))

    def _troupe(self) -> Troupe:
        self._databases += 1
        dsn = self._services.new_database(f"relay_{self._databases}")
        environment = {
            "DJANGO_SETTINGS_MODULE": _SETTINGS,
            "WSMIGRATE_POSTGRES_DSN": dsn,
            "WSMIGRATE_AMQP_URL": self._url,
            "BENCH_LAYER": "wsmigrate",
            "BENCH_LEASE_S": str(self._plan.lease_s),
        }
        troupe = Troupe(self._runtime, dsn, environment)
        troupe.migrate()
        return troupe


def _later(heard: dict[str, int], first: int) -> dict[int, int]:
    return {int(number): at for number, at in heard.items() if int(number) >= first}


def _rooms(count: int) -> list[str]:
    return [f"relay-{count}-{number}" for number in range(count)]


def _slowest(heard: dict[int, int], rooms: Sequence[str], lost: set[str], at_ns: int) -> float:
    """The longest wait of an inbox for its first message that was heard well after the fault."""
    inbox_of = {number: inbox_of_room(room, 8) for number, room in enumerate(rooms)}
    first: dict[str, int] = {}
    for number, heard_at in heard.items():
        inbox = inbox_of[number % len(rooms)]
        # What was on its way at the moment of the fault still comes.
        if inbox in lost and heard_at > at_ns + 200_000_000:
            first[inbox] = min(first.get(inbox, heard_at), heard_at)
    if set(first) != lost:
        raise UnavailableError("Of some inbox nothing was heard after the fault.")
    return round((max(first.values()) - at_ns) / 1e9, 2)
