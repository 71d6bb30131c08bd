"""A stack with an operator: his ``wsmigrate.toml``, his programs, and his commands."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dev_stack.parts import base_environment
from dev_stack.rehearsal.control import Control
from dev_stack.rehearsal.load import Load
from dev_stack.rehearsal.site_operator import Operator
from dev_stack.rehearsal.toml_file import GATE, write_config
from dev_stack.services.entrance import DOOR, LEGACY
from dev_stack.stack import Stack

BRIDGE: Final = "bridge"


@dataclass(frozen=True)
class OperatedStack:
    """Commands act on the stack while ``operated`` is entered. A hook whose word is in ``failing``,
    or GATE, fails once."""

    stack: Stack
    operator: Operator
    failing: set[str] = field(default_factory=set)


@contextlib.contextmanager
def operated(stack: Stack, load: Load, folder: Path) -> Iterator[OperatedStack]:
    """An operator for a stack with an entrance, whose cutover stands at its beginning: the bridge
    is stopped. ``folder`` gets the configuration."""
    config, control = folder / "wsmigrate.toml", stack.folder / "control.sock"
    write_config(config, stack, load, control)
    env = base_environment({**os.environ, **stack.site.env()})
    # Besides the drain of everybody, which takes its time by what the load says of its pace.
    within_s = 600.0 + 2 * load.clients / load.per_second
    found = OperatedStack(stack, Operator(config, stack.site.folder, env, within_s))
    supervisor, entrance = stack.supervisor, stack.entrance
    doing = {
        "open-door": lambda: entrance.point_to(DOOR),
        "close-door": lambda: entrance.point_to(LEGACY),
        "start-bridge": lambda: supervisor.release(BRIDGE),
        "stop-bridge": lambda: supervisor.hold(BRIDGE),
        GATE: lambda: None,
    }
    supervisor.hold(BRIDGE)
    with Control(control, doing, found.failing):
        yield found
