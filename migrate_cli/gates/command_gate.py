"""A gate that is a program of the operator's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from migrate_cli.gates.stage_names import stages_of
from migrate_cli.gates.table_values import Values
from migrate_cli.programs import TookTooLongError, run_program
from wsmigrate.gates import GateResult, Outcome
from wsmigrate.gates.further import judge_exit_code
from wsmigrate.rungs import Rung, Stage

_KEYS = frozenset({"name", "command", "stages", "within_s"})
_SAID_CHARACTERS = 200


@dataclass(frozen=True)
class CommandGate:
    """Run without a shell, with WSMIGRATE_FROM and WSMIGRATE_TO in its environment. Its exit code
    is the outcome, the last line that it prints the reason. After ``within_s`` seconds it is killed
    and nothing is known."""

    name: str
    command: tuple[str, ...]
    stages: frozenset[Stage]
    within_s: float = 60.0

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> CommandGate:
        """Of a table ``[[gates.commands]]``. Raises ConfigError."""
        values = Values("gates.commands", table, _KEYS)
        return cls(
            values.needed("name"),
            values.command("command"),
            stages_of(values),
            values.number("within_s", 60.0, most=3600),
        )

    @property
    def measures(self) -> str:
        """For people."""
        return f"the program {self.command[0]}"

    @property
    def passes(self) -> str:
        """For people."""
        return "exit code 0 (1: fail, 2: not known)"

    def ask(self, rung: Rung, goal: Rung) -> GateResult:
        """Run it."""
        stages = {"WSMIGRATE_FROM": rung.name, "WSMIGRATE_TO": goal.name}
        try:
            ended = run_program(self.command, self.within_s, stages, as_one=True)
        except OSError as error:
            why = f"{self.command[0]} cannot be run ({error.strerror})."
            return GateResult(self.name, Outcome.INCONCLUSIVE, why)
        except TookTooLongError as error:
            return GateResult(self.name, Outcome.INCONCLUSIVE, f"{self.command[0]} {error}.")
        lines = [line.strip() for line in ended.stdout.splitlines() if line.strip()]
        said = lines[-1][:_SAID_CHARACTERS] if lines else ""
        return judge_exit_code(self.name, ended.returncode, said)
