"""Which gates a step has."""

from __future__ import annotations

from collections.abc import Collection

from wsmigrate.config import NotifyBackend
from wsmigrate.errors import ConfigError
from wsmigrate.gates import (
    bridge_lag,
    connects,
    copies,
    database,
    dead_letters,
    drops,
    errors,
    latency,
    old_sockets,
    parity,
    policy,
    processes,
    retention,
)
from wsmigrate.gates.gate import Gate
from wsmigrate.rungs import Rung, Stage

_ALWAYS = (database.CONNECTIONS, database.TABLES)
_NEW_SERVER = (connects.GATE, errors.GATE, drops.GATE)
_RELAYED = (bridge_lag.GATE, dead_letters.GATE, retention.GATE)

_BY_STAGE: dict[Stage, tuple[Gate, ...]] = {
    Stage.LEGACY: (),
    Stage.DOOR: _ALWAYS,
    Stage.SHADOW: (processes.SERVERS, *_ALWAYS),
    Stage.CANARY: (
        parity.GATE,
        latency.GATE,
        *_RELAYED,
        *_NEW_SERVER,
        policy.GATE,
        processes.SERVERS,
        *_ALWAYS,
    ),
    Stage.DIRECT: (
        parity.GATE,
        latency.GATE,
        *_RELAYED,
        *_NEW_SERVER,
        policy.GATE,
        old_sockets.GATE,
        copies.GATE,
        processes.ALL,
        *_ALWAYS,
    ),
    Stage.RETIRED: (
        parity.GATE,
        *_NEW_SERVER,
        policy.GATE,
        old_sockets.GATE,
        processes.ALL,
        *_ALWAYS,
    ),
}
_BY_STAGE[Stage.DRAIN] = _BY_STAGE[Stage.CANARY]

ALL_GATES: tuple[Gate, ...] = tuple(
    {gate.name: gate for gates in _BY_STAGE.values() for gate in gates}.values()
)
"""Each of them once."""


def gates_of(
    rung: Rung, goal: Rung, *, policy_is_open: bool = False, off: Collection[str] = ()
) -> tuple[Gate, ...]:
    """The gates of the step from ``rung`` up to ``goal``.

    Not asked are those that are ``off``, that of the policy where nobody has been to the new server
    yet or anybody may in, and that of the copies unless publishers use both ways.
    """
    never = set(off)
    if policy_is_open or rung.stage is Stage.SHADOW:
        never.add(policy.GATE.name)
    if rung.backend is not NotifyBackend.BOTH:
        never.add(copies.GATE.name)
    return tuple(gate for gate in _BY_STAGE[goal.stage] if gate.name not in never)


def checked_names(names: Collection[str]) -> frozenset[str]:
    """The names of built-in gates. Raises ConfigError for one that there is not."""
    known = {gate.name for gate in ALL_GATES}
    unknown = sorted(set(names) - known)
    if unknown:
        raise ConfigError(
            f"There is no built-in gate {unknown[0]!r}.",
            remedy=f"There are {', '.join(sorted(known))}.",
        )
    return frozenset(names)
