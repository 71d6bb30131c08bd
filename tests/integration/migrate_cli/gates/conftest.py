"""A site whose gates are asked: its servers, its bridge, and where its cutover stands."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cutover_site import Operator
from project import Project
from site_fixtures import migrated_database, project, relay, relayed_url
from wsmigrate.rungs import ladder

__all__ = ["migrated_database", "project", "relay", "relayed_url"]

WINDOW_S = 4


@dataclass
class GateSite:
    """Asks the gates of a project, as an operator does."""

    project: Project
    folder: Path
    lines: list[str] = field(default_factory=list)
    gates: dict[str, object] = field(default_factory=lambda: {"window_s": WINDOW_S})
    thresholds: dict[str, float] = field(default_factory=lambda: {"least_latencies": 30})

    @property
    def config(self) -> Path:
        """The description of the cutover as it is now."""
        path = self.folder / "wsmigrate.toml"
        path.write_text(
            "\n".join(
                [
                    "[cutover]",
                    "percentages = [50, 100]",
                    "[gates]",
                    *(f"{key} = {json.dumps(value)}" for key, value in self.gates.items()),
                    "[gates.thresholds]",
                    *(f"{key} = {value}" for key, value in self.thresholds.items()),
                    *self.lines,
                ]
            )
        )
        return path

    def put_at(self, rung: str) -> None:
        """Write down that the cutover stands at a rung, with all that goes with it."""
        at = next(one for one in ladder([50, 100]) if one.name == rung)
        record = {"rungs": [50, 100], "rung": rung}
        self.project.execute(
            f"UPDATE wsmigrate_state SET revision = revision + 1, stage = '{rung}',"
            f" backend = '{at.backend.value}',"
            f" binds = {'false' if rung == 'retired' else 'true'}"
        )
        self.written(record)

    def written(self, record: dict[str, Any]) -> None:
        self.project.run(
            "-c",
            "import sys, json; from wsmigrate.cutover_record import record_of_state;"
            "from wsmigrate.stages import State; from wsmigrate.rungs import ladder;"
            "rungs = ladder(json.loads(sys.argv[1])['rungs']);"
            "rung = next(r for r in rungs if r.name == json.loads(sys.argv[1])['rung']);"
            "from dataclasses import replace; from wsmigrate.facts import Facts, Sockets;"
            "state = State(rungs, rung, possible=(Facts(door=True, bridge=True,"
            " percent=rung.percent, legacy=Sockets.PLACED, channels=Sockets.NONE,"
            " backend=rung.backend),));"
            "import psycopg, os;"
            "c = psycopg.connect(os.environ['WSMIGRATE_POSTGRES_DSN'], autocommit=True);"
            "c.execute('UPDATE wsmigrate_state SET machine = %s::jsonb',"
            " (json.dumps(record_of_state(state)),))",
            json.dumps(record),
        )

    def ask(self, **variables: str) -> tuple[int, dict[str, dict[str, Any]]]:
        """The exit code, and the gates by name."""
        operator = Operator(self.project)
        ended = operator.run("gates", "--json", "--config", str(self.config), **variables)
        assert ended.stdout, ended.stderr
        record = json.loads(ended.stdout)
        return ended.returncode, {gate["gate"]: gate for gate in record["gates"]}

    def outcome(self, gate: str, **variables: str) -> tuple[str, str]:
        """The outcome of one gate, and why."""
        found = self.ask(**variables)[1][gate]
        return found["outcome"], found["why"]


@pytest.fixture
def gate_site(project: Project, tmp_path: Path) -> GateSite:
    return GateSite(project, tmp_path)


@pytest.fixture
def served(gate_site: GateSite) -> str:
    """The new server and a bridge; the URL is in the file."""
    url, _ = gate_site.project.start_server()
    gate_site.project.start_bridge()
    gate_site.gates["channels_url"] = url
    return url


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], list[str]]:
    """A command that runs some Python."""
    return lambda text: [sys.executable, "-c", text]
