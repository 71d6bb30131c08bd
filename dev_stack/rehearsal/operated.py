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
from dev_stack.rehearsal.toml_file import write_config
from dev_stack.services.entrance import DOOR, LEGACY
from dev_stack.stack import Stack

BRIDGE: Final = "bridge"


@dataclass(frozen=True)
class OperatedStack:
    """Commands act on the stack while ``operated`` is entered. A hook in ``failing_hooks`` fails
    once; while there is the file ``gate``, a gate fails."""

    stack: Stack
    operator: Operator
    gate: Path
    failing_hooks: set[str] = field(default_factory=set)


@contextlib.contextmanager
def operated(stack: Stack, load: Load, folder: Path) -> Iterator[OperatedStack]:
    """An operator for a stack with an entrance, whose cutover stands at its beginning: the bridge
    is stopped. ``folder`` gets the configuration."""
    config, control = folder / "wsmigrate.toml", stack.folder / "control.sock"
    gate = stack.folder / "gate"
    write_config(config, stack, load, control, gate)
    env = base_environment({**os.environ, **stack.site.env()})
    found = OperatedStack(stack, Operator(config, stack.site.folder, env), gate)
    supervisor, entrance = stack.supervisor, stack.entrance
    doing = {
        "open-door": lambda: entrance.point_to(DOOR),
        "close-door": lambda: entrance.point_to(LEGACY),
        "start-bridge": lambda: supervisor.release(BRIDGE),
        "stop-bridge": lambda: supervisor.hold(BRIDGE),
    }
    supervisor.hold(BRIDGE)
    with Control(control, doing, found.failing_hooks):
        yield found
