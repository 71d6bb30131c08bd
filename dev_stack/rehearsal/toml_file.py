"""The ``wsmigrate.toml`` of a rehearsal: the stack as an operator would describe his site."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

from dev_stack.rehearsal import hook
from dev_stack.rehearsal.load import Load
from dev_stack.rehearsal.scenario import HOOKS
from dev_stack.services.haproxy import NAME as HAPROXY
from dev_stack.site import SETTINGS_MODULE
from dev_stack.stack import Stack
from migrate_cli.routers.render.haproxy import FALLBACK

GATE: Final = "gate"
"""The word of the gate that a scenario can have fail."""

_TEMPLATE: Final = """\
[project]
settings = {settings}

[cutover]
percentages = {percentages}
{hooks}
processes_within_s = 60.0
relayed_within_s = 120.0
hook_within_s = 60.0

[front_door]
kind = "haproxy"
url = {front_url}
socket = {socket}
state_file = {state}
fallback = {fallback}

[drain]
uwsgi_pid = {pid_file}
legacy_port = {legacy_port}
per_second = {per_second}
in_flight = {in_flight}
admin_url = {admin_url}

[gates]
channels_url = {channels_url}
legacy_url = {legacy_url}
window_s = {window_s}
off = {off}

[gates.thresholds]
# One machine carries everything, the load too: what its servers take for a frame says little.
latency_slack_s = 3.0
lag_s = 15.0

[[gates.commands]]
name = "rehearsal"
command = {gate}
"""


def write_config(path: Path, stack: Stack, load: Load, control: Path) -> None:
    """Write it. ``control`` is the socket that the hooks talk to, and a gate."""
    endpoints = stack.endpoints
    hooks = "\n".join(
        f"{word.replace('-', '_')} = " + json.dumps(_asking(control, word)) for word in HOOKS
    )
    path.write_text(
        _TEMPLATE.format(
            settings=json.dumps(SETTINGS_MODULE),
            percentages=list(load.percentages),
            hooks=hooks,
            front_url=json.dumps(endpoints.front_ws_url),
            socket=json.dumps(endpoints.haproxy_socket),
            state=json.dumps(str(stack.folder / HAPROXY / "servers.state")),
            fallback=json.dumps(FALLBACK),
            pid_file=json.dumps(str(stack.site.legacy_pid_file)),
            legacy_port=stack.site.ports.legacy,
            per_second=load.per_second,
            in_flight=load.in_flight,
            admin_url=json.dumps(endpoints.channels_admin_url),
            channels_url=json.dumps(endpoints.channels_ws_url),
            legacy_url=json.dumps(endpoints.legacy_ws_url),
            window_s=load.gates_window_s,
            off=json.dumps(list(load.gates_off)),
            gate=json.dumps(_asking(control, GATE)),
        ),
        encoding="utf-8",
    )


def _asking(control: Path, word: str) -> list[str]:
    return [sys.executable, "-I", hook.__file__, str(control), word]
