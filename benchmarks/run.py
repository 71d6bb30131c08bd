"""A run: all servers, all room sizes, some rounds, interleaved so that noise hits all alike."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from benchmarks.figures import Round
from benchmarks.kinds import ServerKind, Service
from benchmarks.measure import Measurement
from benchmarks.plan import Times, load_of_room_size
from benchmarks.services import Services
from benchmarks.stage import RunningServer, Stage
from dev_stack.logs import last_words
from dev_stack.runtime import Runtime
from dev_stack.supervisor import Report
from wsmigrate.errors import UnavailableError

_FILES = 20_000


@dataclass(frozen=True)
class Options:
    """What to run. ``anew``: each row has a server process of its own; otherwise one for all room
    sizes of a round, which is quicker, and lends its memory from one row to the next."""

    kinds: tuple[ServerKind, ...]
    room_sizes: tuple[int, ...]
    rounds: int
    times: Times
    anew: bool
    fsync: bool
    logs: Path | None = None


def run(options: Options, report: Report, on_round: Callable[[Round], None]) -> list[Round]:
    """Measure. ``on_round`` gets each round as it is done. Raises WsmigrateError."""
    _allow_many_sockets()
    rounds: list[Round] = []
    with Runtime(report, logs=options.logs) as runtime:
        services = Services(runtime, report, fsync=options.fsync)
        needed = {kind.service for kind in options.kinds if kind.service is not None}
        report(f"starting {', '.join(sorted(one.value for one in needed)) or 'nothing else'}")
        services.start(needed)
        stage = Stage(runtime, services)
        if Service.POSTGRES in needed:
            stage.prepare_database()
        for number in range(options.rounds):
            for one in _one_round(stage, options, number):
                rounds.append(one)
                on_round(one)
    return rounds


def _one_round(stage: Stage, options: Options, number: int) -> Iterator[Round]:
    with _Servers(stage, anew=options.anew) as servers:
        for size in options.room_sizes:
            for kind in _rotated(options.kinds, number):
                try:
                    yield _row(servers, kind, size, number, options.times)
                except UnavailableError as error:  # one server's failure is not another's
                    servers.give_up(kind)
                    yield Round(kind.name, size, number, failure=str(error))


def _row(servers: _Servers, kind: ServerKind, size: int, number: int, times: Times) -> Round:
    with servers.lend(kind) as server, servers.stage.client() as client:
        try:
            return Measurement(server, client, load_of_room_size(size), times).run(number)
        except UnavailableError as error:
            raise UnavailableError(f"{error}; of the server {last_words(server.log)}") from error


class _Servers:
    """Servers for the rows of a round: a new one for each, or one that is kept."""

    def __init__(self, stage: Stage, *, anew: bool) -> None:
        self.stage = stage
        self._anew = anew
        self._kept: dict[str, tuple[RunningServer, contextlib.ExitStack]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_of_error: object) -> None:
        for _, stack in self._kept.values():
            stack.close()
        self._kept.clear()

    @contextlib.contextmanager
    def lend(self, kind: ServerKind) -> Iterator[RunningServer]:
        """A server of the kind."""
        if self._anew:
            with self.stage.running(kind) as server:
                yield server
            return
        if kind.name not in self._kept:
            with contextlib.ExitStack() as stack:
                server = stack.enter_context(self.stage.running(kind))
                self._kept[kind.name] = server, stack.pop_all()
        yield self._kept[kind.name][0]

    def give_up(self, kind: ServerKind) -> None:
        """End a kept server in which a failed row may have left something."""
        if kind.name in self._kept:
            self._kept.pop(kind.name)[1].close()


def _rotated(kinds: Sequence[ServerKind], by: int) -> list[ServerKind]:
    """Another one comes first in each round."""
    by %= len(kinds)
    return [*kinds[by:], *kinds[:by]]


def _allow_many_sockets() -> None:
    """Raise the limit of open files, which the processes of the run inherit, as far as allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    if wanted < _FILES / 4:
        raise UnavailableError(f"Only {wanted} open files are allowed, which is too few.")
