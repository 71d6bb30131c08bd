"""Asking the gates of a site, as an operator does."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg

from cutover_site import Operator
from project import Project
from wsmigrate.cutover_record import record_of_state
from wsmigrate.facts import Facts, Sockets
from wsmigrate.rungs import ladder
from wsmigrate.stages import State

RUNGS = ladder([50, 100])

Meanwhile = Callable[[Callable[[], object]], None]

MEASURED_ON_THE_NEW_SERVER = ("connects", "errors", "drops")

_DOOR = """
[front_door]
kind = "command"
get = ["cat", "{share}"]
set = ["false"]
sessions = ["cat", "{sessions}"]
traffic = ["{python}", "-c", "{traffic}"]
"""


@dataclass
class GateSite:
    """What ``wsmigrate.toml`` says of a project, and where its cutover stands."""

    project: Project
    folder: Path
    gates: dict[str, Any] = field(default_factory=lambda: {"window_s": 4, "per_second": 4})
    # A busy machine is slow, and that is not what these tests are about.
    thresholds: dict[str, float] = field(
        default_factory=lambda: {
            "least_latencies": 5,
            "least_frames": 5,
            "least_relayed": 5,
            "least_copies": 5,
            "least_connects": 5,
            "latency_slack_s": 20,
            "lag_s": 20,
        }
    )
    lines: list[str] = field(default_factory=list)
    bridge: subprocess.Popen[bytes] | None = None

    @property
    def config(self) -> Path:
        """The description of the cutover as it is now."""
        path = self.folder / "wsmigrate.toml"
        lines = ["[cutover]", "percentages = [50, 100]", "[gates]"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in self.gates.items()]
        lines.append("[gates.thresholds]")
        lines += [f"{key} = {value}" for key, value in self.thresholds.items()]
        path.write_text("\n".join([*lines, *self.lines]))
        return path

    def put_at(self, name: str) -> None:
        """Write down that the cutover stands at a rung, as a step to there has left it."""
        rung = next(rung for rung in RUNGS if rung.name == name)
        facts = Facts(door=True, bridge=True, percent=rung.percent, backend=rung.backend)
        state = replace(State(RUNGS, rung), possible=(replace(facts, channels=Sockets.PLACED),))
        with psycopg.connect(self.project.postgres_dsn, autocommit=True) as connection:
            connection.execute(
                "UPDATE wsmigrate_state SET revision = revision + 1, stage = %s, backend = %s,"
                " machine = %s::jsonb",
                (rung.name, rung.backend.value, json.dumps(record_of_state(state))),
            )

    def put_up_a_door(self, *, errors: int = 0, legacy: int = 0) -> None:
        """A front door that counts 100 connects more, and so many errors, each time it is asked."""
        counter = self.folder / "asked"
        program = (
            f"import pathlib, json; p = pathlib.Path('{counter}');"
            " n = int(p.read_text()) + 1 if p.exists() else 1; p.write_text(str(n));"
            f" print(json.dumps(dict(connects=100 * n, errors={errors} * n, response_ms=1.0)))"
        )
        share, sessions = self.folder / "share", self.folder / "sessions"
        share.write_text("50")
        sessions.write_text(json.dumps({"legacy": legacy, "channels": 5}))
        self.lines.append(
            _DOOR.format(share=share, sessions=sessions, python=sys.executable, traffic=program)
        )

    def is_listened_to(self) -> bool:
        """Whether the gates have a client in each synthetic room."""
        rows = self.project.execute(
            "SELECT coalesce(max((facts->>'sockets')::int), 0) FROM wsmigrate_process"
            " WHERE role = 'server'"
        )
        return bool(rows[0][0] >= 8)

    def run(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """``wsmigrate`` with this description."""
        return Operator(self.project).run(*words, "--config", str(self.config), **variables)

    def ask(self, **variables: str) -> Asked:
        """Ask the gates of the next step."""
        ended = self.run("gates", "--json", **variables)
        assert ended.stdout, ended.stderr
        record = json.loads(ended.stdout)
        return Asked(ended.returncode, {gate["gate"]: gate for gate in record["gates"]})


@dataclass(frozen=True)
class Asked:
    """What the gates said."""

    code: int
    gates: dict[str, dict[str, Any]]

    def outcomes(self, *names: str) -> dict[str, str]:
        """Of some gates, or of all."""
        return {name: self.gates[name]["outcome"] for name in names or self.gates}

    def why(self, name: str) -> str:
        return str(self.gates[name]["why"])

    def __str__(self) -> str:
        return "\n".join(f"{name}: {gate}" for name, gate in self.gates.items())
