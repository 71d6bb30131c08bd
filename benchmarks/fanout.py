"""Fan-out of the servers under the same load: ``make bench`` or ``python benchmarks/fanout.py``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

if __name__ == "__main__":  # from a checkout, where only this file's folder would be looked into
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import click
from rich.console import Console
from rich.text import Text

from benchmarks.figures import Target, ratios_of_rounds, rows_of_rounds, targets_of_rounds
from benchmarks.kinds import KINDS, ServerKind
from benchmarks.plan import FULL, QUICK, ROOM_SIZES
from benchmarks.plot import write_plot
from benchmarks.report import line_of_round, print_rows, print_targets
from benchmarks.results_file import document
from benchmarks.run import Options, run
from dev_stack.demo.figures_file import check_writable, write_figures
from wsmigrate.errors import ConfigError, ExitCode, WsmigrateError

_FULL_ROUNDS = 3
_INTERRUPTED = 130  # 128 + SIGINT, as shells report it


@click.command()
@click.option("--quick", is_flag=True, help="One short round: a look, not a measurement.")
@click.option(
    "--servers", default=",".join(kind.name for kind in KINDS), show_default=True, help="Which."
)
@click.option(
    "--room-sizes",
    default=",".join(map(str, ROOM_SIZES)),
    show_default=True,
    help="Sockets in a room.",
)
@click.option("--rounds", type=click.IntRange(1), help="How often each row is measured.")
@click.option("--seconds", type=click.FloatRange(0.5), help="How long each load lasts.")
@click.option(
    "--fsync/--no-fsync", default=True, show_default=True, help="PostgreSQL as in production."
)
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path), help="Write the figures to this file."
)
@click.option(
    "--plot", "plot_file", type=click.Path(path_type=Path), help="Draw them into this file (SVG)."
)
@click.option("--logs", type=click.Path(path_type=Path), help="Folder for the logs, to be kept.")
@click.option("--check", is_flag=True, help="Exit code 1 if a target is missed, 2 without data.")
def fanout(  # noqa: PLR0917
    quick: bool,
    servers: str,
    room_sizes: str,
    rounds: int | None,
    seconds: float | None,
    fsync: bool,
    json_file: Path | None,
    plot_file: Path | None,
    logs: Path | None,
    check: bool,
) -> int:
    """Measure how fast servers hand messages to the sockets of a room, and what it costs."""
    for file in (json_file, plot_file):
        if file is not None:
            check_writable(file)
    times = QUICK if quick else FULL
    if seconds is not None:
        times = replace(times, saturated_s=seconds, paced_s=seconds)
    options = Options(
        kinds=_kinds(servers),
        room_sizes=_sizes(room_sizes),
        rounds=rounds or (1 if quick else _FULL_ROUNDS),
        times=times,
        anew=not quick,
        fsync=fsync,
        logs=logs and logs.resolve(),
    )
    console = Console()

    def say(sentence: str) -> None:
        console.print(Text(sentence), soft_wrap=True)

    done = run(options, say, lambda one: say(line_of_round(one)))
    rows, ratios = rows_of_rounds(done), ratios_of_rounds(done)
    targets = targets_of_rounds(done)
    print_rows(console, rows, ratios)
    print_targets(console, targets)
    figures = document(options, done, rows, ratios, targets)
    if json_file is not None:
        write_figures(json_file, figures)
    if plot_file is not None:
        write_plot(figures, plot_file)
    if not any(row.rounds for row in rows):
        return ExitCode.COULD_NOT_ACT
    return _verdict(targets) if check else ExitCode.DONE


def _verdict(targets: Sequence[Target]) -> ExitCode:
    outcomes = {target.met for target in targets}
    if False in outcomes:
        return ExitCode.REFUSED
    return ExitCode.DONE if outcomes == {True} else ExitCode.COULD_NOT_ACT


def _kinds(names: str) -> tuple[ServerKind, ...]:
    wanted = names.split(",")
    known = {kind.name: kind for kind in KINDS}
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise ConfigError(f"There is no server {unknown[0]!r}; there are {', '.join(known)}.")
    return tuple(known[name] for name in dict.fromkeys(wanted))


def _sizes(sizes: str) -> tuple[int, ...]:
    wanted = sizes.split(",")
    known = {str(size): size for size in ROOM_SIZES}
    unknown = [size for size in wanted if size not in known]
    if unknown:
        raise ConfigError(f"Rooms of {unknown[0]!r} are not measured; {', '.join(known)} are.")
    return tuple(known[size] for size in dict.fromkeys(wanted))


def main() -> None:
    """Exit codes as of ``wsmigrate``."""
    try:
        sys.exit(fanout.main(standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(ExitCode.COULD_NOT_ACT)
    except WsmigrateError as error:
        print(f"fanout: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
