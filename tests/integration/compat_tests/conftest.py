"""Servers to hold against each other: small ones in this process, and the real two."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from parity_runs import Run
from plain_server import Town

from migrate_cli.__main__ import main

sys.path.append(str(Path(__file__).parents[1] / "legacy_uwsgi_ws"))
sys.path.append(str(Path(__file__).parents[2] / "unit" / "compat_tests"))
from legacy_process import LegacyProcess

from project import Project, Served
from seed_env import NO_PYTHON, seed_python


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    """A place for small servers, and one way to publish to all of them."""
    with Town() as running:
        yield running


@pytest.fixture
def parity(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Call ``wsmigrate parity`` in a folder of its own, in this process: starting one takes longer
    than most of what is asked of it."""

    def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
        monkeypatch.chdir(tmp_path)
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["parity", *map(str, words)])
        said = capsys.readouterr()
        return subprocess.CompletedProcess(words, int(ended.value.code or 0), said.out, said.err)

    return run


@pytest.fixture
def parity_process(tmp_path: Path) -> Run:
    """The same as a process, as shells and CI have it."""

    def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "migrate_cli", "parity", *map(str, words)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )

    return run


@pytest.fixture
def uwsgi(request: pytest.FixtureRequest) -> Path:
    """uWSGI of an environment: ``current``, or ``seed`` with the tutorial's pins."""
    wanted = getattr(request, "param", "current")
    python = Path(sys.executable) if wanted == "current" else seed_python()
    if python is None:
        pytest.skip(NO_PYTHON)
    program = python.with_name("uwsgi")
    if not program.exists():
        pytest.skip("could not run: no uWSGI beside this Python")
    return program


@pytest.fixture
def legacy(
    uwsgi: Path, amqp_url: str, tmp_path: Path, free_port: Callable[[], int]
) -> Iterator[LegacyProcess]:
    """The old server."""
    with contextlib.ExitStack() as stack:
        environ = {"LEGACY_WS_AMQP_URL": amqp_url}
        yield stack.enter_context(
            LegacyProcess(uwsgi, environ, tmp_path / "uwsgi.log", free_port())
        )


@pytest.fixture
def channels(project: Project) -> Served:
    """The new server, and a bridge."""
    served = project.serve("--drain-delay", "0")
    project.start_bridge()
    return served
