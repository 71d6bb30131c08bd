"""RabbitMQ to the layer, and to the last client's socket: how fast, how much later, and how long a
failover takes (``make bench-relay`` or ``python benchmarks/relay.py``)."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # from a checkout, where only this file's folder would be looked into
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import click
import pika
from rich.console import Console
from rich.table import Table

from benchmarks.kinds import Service
from benchmarks.relaying.layer_rate import layer_rate
from benchmarks.relaying.stamps import added_ms, at_share
from benchmarks.relaying.troupe import Troupe, until
from benchmarks.services import Services
from dev_stack.demo.figures_file import check_writable, write_figures
from dev_stack.runtime import Runtime
from wsmigrate.errors import ExitCode, UnavailableError, WsmigrateError
from wsmigrate.topology import inbox_of_room

_SETTINGS = "benchmarks.relaying.settings"
_ROOM_COUNTS = (1, 100, 5000)
_FAILOVER_ROOMS = 64
_PATIENCE_S = 30.0
_SETTLE_S = 3.0
_INTERRUPTED = 130  # 128 + SIGINT, as shells report it


@dataclass(frozen=True)
class Plan:
    """``count`` messages are relayed at full speed; ``seconds`` at 1,000 a second."""

    count: int = 50_000
    seconds: float = 6.0
    paced_per_s: float = 1000.0
    lease_s: float = 8.0


@dataclass(frozen=True)
class Row:
    """One way, at one number of rooms. The latencies are what the relay adds to what a legacy
    client's queue takes, in milliseconds; None where not even nine in ten messages came."""

    path: str
    rooms: int
    messages_per_s: float
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

    def row(self, path: str, count: int) -> Row:
        """Full speed, then the pace, over the same processes."""
        rooms = _rooms(count)
        troupe = self._troupe()
        troupe.play("bind", url=self._url, rooms=rooms)
        with contextlib.ExitStack() as stack:
            listener: dict[str, Any] = {"rooms": rooms}
            if path == "socket":
                listener["server"] = stack.enter_context(troupe.server())
            role = "sockets" if path == "socket" else "layer"
            rate = self._full_speed(troupe, path, listener)
            with troupe.bridge() as bridge:
                until(bridge.held)
                p50, p99 = self._latencies(troupe, role, listener)
        return Row(path, count, round(rate), p50, p99)

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

    def _latencies(
        self, troupe: Troupe, role: str, listener: dict[str, Any]
    ) -> tuple[float | None, float | None]:
        rooms, plan = listener["rooms"], self._plan
        with (
            troupe.playing("direct", url=self._url, rooms=rooms) as direct,
            troupe.playing(role, **listener) as audience,
        ):
            direct.wait_until_ready()
            audience.wait_until_ready()
            time.sleep(1)
            troupe.play(
                "pace", url=self._url, rooms=rooms, per_s=plan.paced_per_s, seconds=plan.seconds
            )
            time.sleep(_SETTLE_S)
            added = added_ms(direct.result()["heard"], audience.result()["heard"])
        if len(added) < plan.paced_per_s * plan.seconds * 0.9:
            return None, None  # it did not keep up: there is no figure to give
        p50, p99 = at_share(added, 0.5), at_share(added, 0.99)
        return p50 and round(p50, 2), p99 and round(p99, 2)

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


def _print(console: Console, document: dict[str, Any]) -> None:
    limits = document["limits"]
    lower = min(limits.values())
    console.print(
        f"pika alone consumes {limits['pika_consume_per_s']:,}/s, "
        f"the layer alone takes {limits['layer_batch_per_s']:,}/s"
    )
    table = Table(title="The relay")
    for column in ("path", "rooms", "messages/s", "of the lower limit", "p50 ms", "p99 ms"):
        table.add_column(column, justify="left" if column == "path" else "right")
    for row in document["rows"]:
        speed = row["messages_per_s"]
        table.add_row(
            row["path"],
            f"{row['rooms']:,}",
            f"{speed:,}",
            f"{speed / lower:.2f}",
            str(row["added_p50_ms"]),
            str(row["added_p99_ms"]),
        )
    console.print(table)
    for fault, seconds in document["failover_s"].items():
        console.print(f"failover, {fault}: {seconds} s")


def run(plan: Plan, say: Callable[[str], None]) -> dict[str, Any]:
    """All of it; the document that ``--json`` writes. Raises WsmigrateError."""
    with Runtime(say) as runtime:
        services = Services(runtime, say, fsync=False)
        services.start([Service.RABBITMQ, Service.POSTGRES])
        bench = RelayBench(runtime, services, plan)
        limits = bench.limits()
        say(f"limits: {limits}")
        rows = []
        for path in ("layer", "socket"):
            for count in _ROOM_COUNTS:
                row = bench.row(path, count)
                rows.append(asdict(row))
                say(f"{row}")
        failover = {}
        for fault in ("sigkill", "sigstop", "half_open"):
            failover[fault] = bench.failover(fault)
            say(f"failover, {fault}: {failover[fault]} s")
    return {"limits": limits, "rows": rows, "failover_s": failover, "lease_s": plan.lease_s}


@click.command()
@click.option("--quick", is_flag=True, help="A look, not a measurement.")
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path), help="Write the figures to this file."
)
def relay(quick: bool, json_file: Path | None) -> int:
    """Measure the bridge: RabbitMQ to the layer, and to the last client's socket."""
    if json_file is not None:
        check_writable(json_file)
    console = Console()
    plan = Plan(count=10_000, seconds=3.0, lease_s=4.0) if quick else Plan()
    document = run(plan, console.print)
    _print(console, document)
    if json_file is not None:
        write_figures(json_file, document)
    return ExitCode.DONE


def main() -> None:
    """Exit codes as of ``wsmigrate``."""
    try:
        sys.exit(relay.main(standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(ExitCode.COULD_NOT_ACT)
    except WsmigrateError as error:
        print(f"relay: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
