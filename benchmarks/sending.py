"""Both ways of sending, on the sample site: POST then frame, and socket then frame
(``make bench-sending`` or ``python benchmarks/sending.py``)."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

if __name__ == "__main__":  # from a checkout, where only this file's folder would be looked into
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import click
from rich.console import Console
from rich.table import Table

from benchmarks.sending_speaker import Speaker, Way
from dev_stack.demo.figures_file import check_writable, write_figures
from dev_stack.demo.site import Site
from dev_stack.stack import Stack, StackOptions
from wsmigrate.errors import ExitCode, WsmigrateError


@dataclass(frozen=True)
class Plan:
    """``speakers`` send at once, each in a chat of its own. Times are in seconds."""

    speakers: int = 8
    rounds: int = 3
    seconds: float = 5.0
    paced_per_s: float = 40.0


@dataclass(frozen=True)
class Figures:
    """What came of one way. ``missing``: messages without a frame; ``unexpected``: frames without a
    message. Speeds are medians of rounds."""

    way: str
    messages: int
    messages_per_s: float
    p50_ms: float
    p99_ms: float
    missing: int
    unexpected: int


@dataclass(frozen=True)
class _Phase:
    latencies_s: list[float]
    missing: int
    elapsed_s: float


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` of the values lie (nearest rank). Raises ValueError for
    none."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def figures_of(
    way: Way, paced: Sequence[_Phase], full: Sequence[_Phase], unexpected: int
) -> Figures:
    """The figures of one way, of the phases of all rounds."""
    latencies = [latency for phase in paced for latency in phase.latencies_s]
    speeds = [len(phase.latencies_s) / phase.elapsed_s for phase in full]
    phases = [*paced, *full]
    return Figures(
        way=way.value,
        messages=sum(len(phase.latencies_s) + phase.missing for phase in phases),
        messages_per_s=round(percentile(speeds, 0.5), 1),
        p50_ms=round(percentile(latencies, 0.5) * 1000, 2),
        p99_ms=round(percentile(latencies, 0.99) * 1000, 2),
        missing=sum(phase.missing for phase in phases),
        unexpected=unexpected,
    )


async def _phase(
    speakers: Sequence[Speaker], way: Way, name: str, seconds: float, per_s: float | None
) -> _Phase:
    """Each speaker sends again when its frame has come, at ``per_s`` in all or without a pause."""
    latencies: list[float] = []
    missing = 0
    begun = time.perf_counter()

    async def speak(speaker: Speaker, number: int) -> None:
        nonlocal missing
        every = 0.0 if per_s is None else len(speakers) / per_s
        due = begun + number * every / len(speakers)
        count = 0
        while (now := time.perf_counter()) - begun < seconds:
            if now < due:
                await asyncio.sleep(due - now)
            latency = await speaker.say(way, f"{name} {way.value} {number} {count}")
            if latency is None:
                missing += 1
            else:
                latencies.append(latency)
            count += 1
            due += every

    await asyncio.gather(*(speak(speaker, number) for number, speaker in enumerate(speakers)))
    return _Phase(latencies, missing, time.perf_counter() - begun)


async def measure(
    site_url: str, server_url: str, plan: Plan, say: Callable[[str], None]
) -> list[Figures]:
    """Both ways in turns, the other one first in every second round."""
    async with Site(site_url) as site, contextlib.AsyncExitStack() as connected:
        speakers = [
            await connected.enter_async_context(
                await Speaker.join(site, server_url, f"speaker{number}")
            )
            for number in range(plan.speakers)
        ]
        paced: dict[Way, list[_Phase]] = {way: [] for way in Way}
        full: dict[Way, list[_Phase]] = {way: [] for way in Way}
        unexpected = dict.fromkeys(Way, 0)
        for number in range(plan.rounds):
            for way in list(Way) if number % 2 == 0 else list(reversed(Way)):
                before = sum(speaker.unexpected for speaker in speakers)
                name = f"round {number}"
                paced[way].append(
                    await _phase(speakers, way, f"{name} paced", plan.seconds, plan.paced_per_s)
                )
                full[way].append(await _phase(speakers, way, f"{name} full", plan.seconds, None))
                unexpected[way] += sum(speaker.unexpected for speaker in speakers) - before
                say(f"{name}: {way.value} done")
        return [figures_of(way, paced[way], full[way], unexpected[way]) for way in Way]


def _print(console: Console, all_figures: Sequence[Figures]) -> None:
    table = Table(title="Until the frame is there, by both ways of sending")
    for column in ("way", "messages/s", "p50 ms", "p99 ms", "messages", "amiss"):
        table.add_column(column, justify="left" if column == "way" else "right")
    for one in all_figures:
        amiss = one.missing + one.unexpected
        speed = (f"{one.messages_per_s:,.0f}", f"{one.p50_ms:.1f}", f"{one.p99_ms:.1f}")
        table.add_row(one.way, *speed, str(one.messages), str(amiss))
    console.print(table)


@click.command()
@click.option("--quick", is_flag=True, help="One short round: a look, not a measurement.")
@click.option(
    "--backend",
    type=click.Choice(["rabbitmq", "channels"]),
    default="rabbitmq",
    show_default=True,
    help="The notify backend.",
)
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path), help="Write the figures to this file."
)
def sending(quick: bool, backend: str, json_file: Path | None) -> int:
    """Compare POST then frame with socket then frame, on the sample site."""
    if json_file is not None:
        check_writable(json_file)
    plan = replace(Plan(), rounds=1, seconds=2.0) if quick else Plan()
    options = StackOptions(
        extra_env={
            "DJANGO_SETTINGS_MODULE": "benchmarks.sending_settings",
            "BENCH_NOTIFY_BACKEND": backend,
            "CHATIRE_SOCKET_TOKEN": "1",
            "CHATIRE_INBOUND": "1",
        }
    )
    console = Console()
    with Stack(options) as stack:
        endpoints = stack.start(console.print)
        found = asyncio.run(
            measure(endpoints.http_url, endpoints.channels_ws_url, plan, console.print)
        )
    _print(console, found)
    if json_file is not None:
        rows = [asdict(one) for one in found]
        write_figures(json_file, {"backend": backend, "plan": asdict(plan), "sending": rows})
    return (
        ExitCode.REFUSED if any(one.missing or one.unexpected for one in found) else ExitCode.DONE
    )


def main() -> None:
    """Exit codes as of ``wsmigrate``; 1 when a message had no frame, or more than one."""
    try:
        sys.exit(sending.main(standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(ExitCode.COULD_NOT_ACT)
    except WsmigrateError as error:
        print(f"sending: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
