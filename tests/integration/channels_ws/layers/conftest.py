"""Layers of all kinds, in processes of their own."""

from __future__ import annotations

import contextlib
import itertools
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from layer_kinds import POSTGRES, LayerSetup, database_of, setup_of
from layer_process import PATIENCE_S, Layer, LayerFailed, LayerProcess

from layer_promises import NOT_ALWAYS_HELD, NOT_HELD, LayerKind, Promise
from site_fixtures import dsn_of, execute

_HOPELESS_S = 1.0
"""How long to wait for what is known not to happen."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "promise(name): the promise that a test of the contract is")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test of a promise runs over all kinds of layer; those that do not hold it have to fail."""
    promise = promise_of(metafunc.definition)
    if promise is not None:
        metafunc.parametrize("kind", [_case(kind, promise) for kind in LayerKind])


def promise_of(item: Any) -> Promise | None:
    marker = item.get_closest_marker("promise")
    return marker.args[0] if marker else None


def _case(kind: LayerKind, promise: Promise) -> Any:
    always, sometimes = NOT_HELD.get((kind, promise)), NOT_ALWAYS_HELD.get((kind, promise))
    fails = pytest.mark.xfail(
        strict=always is not None,
        reason=always or sometimes or "",
        raises=(AssertionError, LayerFailed),
    )
    return pytest.param(kind, id=kind.name.lower(), marks=[fails] if always or sometimes else [])


@pytest.fixture
def patience_s(request: pytest.FixtureRequest) -> float:
    """How long to wait for a message: not for long where it is known that none will come."""
    fails = request.node.get_closest_marker("xfail")
    return _HOPELESS_S if fails is not None and fails.kwargs["strict"] else PATIENCE_S


@pytest.fixture(scope="session")
def new_layer_database(postgres_dsn: str, migrated_database: str) -> Callable[[], str]:
    """Make databases with the layers' tables; each call returns a DSN.

    They go with their server, at the end of the run: dropping one takes PostgreSQL half a second.
    """

    def make() -> str:
        name = f"layers_{uuid.uuid4().hex}"
        execute(postgres_dsn, "CREATE DATABASE {} TEMPLATE {}", name, migrated_database)
        return dsn_of(postgres_dsn, name)

    return make


@pytest.fixture(scope="session")
def layer_database(new_layer_database: Callable[[], str]) -> str:
    """A database that tests share: they use names of their own in it."""
    return new_layer_database()


@pytest.fixture
def own_database(new_layer_database: Callable[[], str]) -> str:
    """A database of the test's own."""
    return new_layer_database()


@pytest.fixture(scope="session")
def url_of(services: Any, layer_database: str) -> Callable[[LayerKind], str]:
    """Where the service of a kind is; it is started when first asked for."""

    def find(kind: LayerKind) -> str:
        if kind in POSTGRES:
            return layer_database
        if kind in (LayerKind.REDIS, LayerKind.PUBSUB):
            return str(services.redis())
        return str(services.rabbitmq()) if kind is LayerKind.RABBITMQ else ""

    return find


@pytest.fixture
def url(kind: LayerKind, url_of: Callable[[LayerKind], str]) -> str:
    """Where the layer's service is; empty if it needs none."""
    return url_of(kind)


@pytest.fixture
def setup(kind: LayerKind, url: str) -> LayerSetup:
    """How a layer of the kind is made."""
    return setup_of(kind, url)


@pytest.fixture
def database(layer_database: str) -> str:
    """The database of processes of the test's own."""
    return layer_database


@pytest.fixture
def new_process(database: str, tmp_path: Path) -> Iterator[Callable[[], LayerProcess]]:
    """Start processes of the test's own."""
    numbers = itertools.count()
    with contextlib.ExitStack() as started:
        yield lambda: started.enter_context(
            LayerProcess(database_of(database), tmp_path / f"process-{next(numbers)}.log")
        )


class Pairs:
    """Two processes for each kind of layer. They live on from test to test."""

    def __init__(self, start: Callable[[], LayerProcess]) -> None:
        self._start = start
        self._processes: dict[LayerKind, tuple[LayerProcess, LayerProcess]] = {}

    def of(self, kind: LayerKind) -> tuple[LayerProcess, LayerProcess]:
        if kind not in self._processes:
            self._processes[kind] = (self._start(), self._start())
        return self._processes[kind]

    def end(self) -> None:
        """End all: some layers are of no use any more after a restart of their service."""
        for pair in self._processes.values():
            for process in pair:
                process.kill()
        self._processes.clear()


@pytest.fixture(scope="session")
def pairs(layer_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pairs]:
    folder = tmp_path_factory.mktemp("layers")
    numbers = itertools.count()
    started = Pairs(
        lambda: LayerProcess(database_of(layer_database), folder / f"pair-{next(numbers)}.log")
    )
    yield started
    started.end()


@pytest.fixture
def processes(kind: LayerKind, pairs: Pairs) -> tuple[LayerProcess, LayerProcess]:
    return pairs.of(kind)


@pytest.fixture
def layer(processes: tuple[LayerProcess, LayerProcess], setup: LayerSetup) -> Layer:
    """A layer of the kind."""
    return processes[0].layer(setup)


@pytest.fixture
def elsewhere(processes: tuple[LayerProcess, LayerProcess], setup: LayerSetup) -> Layer:
    """A layer of the same kind in another process."""
    return processes[1].layer(setup)


@pytest.fixture
def group() -> str:
    return f"group-{uuid.uuid4().hex}"


@pytest.fixture
def ordinary() -> str:
    """The name of an ordinary channel: one that belongs to no process."""
    return f"ordinary-{uuid.uuid4().hex}"
