"""RabbitMQ to the layer, and to the last client's socket: how fast, how much later, and how long a
failover takes (``make bench-relay`` or ``python benchmarks/relay.py``)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # from a checkout, where only this file's folder would be looked into
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import click
from rich.console import Console
from rich.table import Table

from benchmarks.kinds import Service
from benchmarks.relaying.bench import Plan, RelayBench
from benchmarks.services import Services
from dev_stack.demo.figures_file import check_writable, write_figures
from dev_stack.runtime import Runtime
from wsmigrate.errors import ExitCode, WsmigrateError

_ROOM_COUNTS = (1, 100, 5000)
_INTERRUPTED = 130  # 128 + SIGINT, as shells report it


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
        ways = [(path, count) for path in ("layer", "socket") for count in _ROOM_COUNTS]
        # First, on services that have nothing to catch up with: what was relayed at full speed
        # keeps both busy for a while, with writing out and deleting.
        latencies = {}
        for way in ways:
            latencies[way] = bench.latency(*way)
            say(f"{way}: {latencies[way]}")
        limits = bench.limits()
        say(f"limits: {limits}")
        rows = []
        for path, count in ways:
            speed = round(bench.full_speed(path, count))
            say(f"{(path, count)}: {speed:,} messages/s")
            row = {"path": path, "rooms": count, "messages_per_s": speed}
            rows.append({**row, **asdict(latencies[path, count])})
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
