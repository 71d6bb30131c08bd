"""The gates of a site: built-in ones by what is measured, and its own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from migrate_cli.cutover.ports import PlannedGate
from migrate_cli.gates.command_gate import CommandGate
from migrate_cli.gates.measuring import WINDOWED, Measuring
from migrate_cli.gates.prometheus_gate import QueryGate
from wsmigrate.gates import GateResult
from wsmigrate.gates.built_in import gates_of
from wsmigrate.gates.further import is_asked
from wsmigrate.gates.gate import Gate
from wsmigrate.rungs import Rung

_MOST_AT_ONCE = 16


@dataclass(frozen=True)
class SiteGates:
    """See migrate_cli.cutover.ports.Gates."""

    measuring: Measuring

    def judge(self, rung: Rung, goal: Rung) -> Sequence[GateResult]:
        """Measure for a window (``window_s`` of [gates]) and judge. Blocks that long."""
        return asyncio.run(self._judged(rung, goal, self._built_in(rung, goal)))

    def judge_at_once(self, rung: Rung, goal: Rung) -> Sequence[GateResult]:
        """Only those that take no window, and no program or query."""
        gates = [gate for gate in self._built_in(rung, goal) if not gate.needs & WINDOWED]
        return asyncio.run(self._by_evidence(rung, gates))

    def planned(self, rung: Rung, goal: Rung) -> Sequence[PlannedGate]:
        """What would be asked."""
        settings = self.measuring.settings
        thresholds = settings.thresholds
        built_in = [
            PlannedGate(
                gate.name,
                gate.measures,
                gate.passes(thresholds),
                settings.window_s if gate.needs & WINDOWED else 0.0,
            )
            for gate in self._built_in(rung, goal)
        ]
        further = [PlannedGate(one.name, one.measures, one.passes, 0.0) for one in self._own(goal)]
        return [*built_in, *further]

    def _built_in(self, rung: Rung, goal: Rung) -> tuple[Gate, ...]:
        measuring = self.measuring
        return gates_of(
            rung, goal, policy_is_open=measuring.project.is_open, off=measuring.settings.off
        )

    def _own(self, goal: Rung) -> list[QueryGate | CommandGate]:
        settings = self.measuring.settings
        own: list[QueryGate | CommandGate] = [*settings.queries, *settings.commands]
        return [gate for gate in own if is_asked(gate.stages, goal)]

    async def _judged(self, rung: Rung, goal: Rung, gates: Sequence[Gate]) -> list[GateResult]:
        own = self._own(goal)
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(_MOST_AT_ONCE, "wsmigrate-gate") as threads:
            asked = [loop.run_in_executor(threads, gate.ask, rung, goal) for gate in own]
            found = await self._by_evidence(rung, gates)
            return [*found, *await asyncio.gather(*asked)]

    async def _by_evidence(self, rung: Rung, gates: Sequence[Gate]) -> list[GateResult]:
        if not gates:
            return []
        needs = frozenset().union(*(gate.needs for gate in gates))
        evidence = await self.measuring.measure(needs, rung)
        thresholds = self.measuring.settings.thresholds
        return [gate.ask(evidence, thresholds) for gate in gates]
