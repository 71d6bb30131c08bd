"""The runbook as a checklist for one project: what to do, watch and be ready to take back, rung by
rung, with the project's own names, addresses and thresholds. Pure: what is known comes in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wsmigrate.command_texts import sentence_of
from wsmigrate.config import NotifyBackend
from wsmigrate.facts import Command, MoveSockets
from wsmigrate.rungs import Rung, Stage
from wsmigrate.sides import Side


@dataclass(frozen=True)
class ChecklistGate:
    """A gate of a step, in words."""

    name: str
    measures: str
    passes: str


@dataclass(frozen=True)
class ChecklistStep:
    """A step up: where it leads, its gates, and what it comes to."""

    rung: Rung
    back_to: Rung
    gates: tuple[ChecklistGate, ...]
    commands: tuple[Command, ...]


@dataclass(frozen=True)
class Surroundings:
    """The project's own. Empty texts: not set up yet. URLs come without passwords."""

    settings: str
    config_file: str
    database: str
    broker: str
    inboxes: int
    front_door: str
    url: str
    admin_url: str
    drain: str
    by_hand: tuple[str, ...]
    """What no program is set for, so that a person does it: ``open_door`` and so on."""
    retention_s: float
    policy: str


_WATCH = {
    Stage.DOOR: "errors and connects at the front door; nobody may notice anything",
    Stage.SHADOW: "the bridge's lag and dead letters, and `wsmigrate parity watch` on live rooms",
    Stage.CANARY: "refused handshakes, p99 from post to frame, PostgreSQL's connections",
    Stage.DRAIN: "old sockets left, gaps, the new server's open files",
    Stage.DIRECT: "`wsmigrate notify show`: every publisher at the revision; the copies in `both`",
    Stage.RETIRED: "that RabbitMQ has no more rooms of yours; then docs/runbook.md, how to finish",
}
_HANDS = {
    "open_door": (Stage.DOOR, "have the front door take the port (`wsmigrate route door`)"),
    "start_bridge": (Stage.SHADOW, "start the bridge (examples/systemd/wsmigrate-bridge.service)"),
    "stop_bridge": (Stage.RETIRED, "stop the bridge once the command says that it waits for it"),
}


def checklist(site: Surroundings, steps: Sequence[ChecklistStep]) -> list[str]:
    """The lines of a Markdown document."""
    lines = [f"# Cutover of {site.settings}", "", *_preparation(site)]
    for step in steps:
        lines += ["", f"## {step.rung.name}", "", *_step(site, step)]
    return [*lines, "", "## Afterwards", "", *_afterwards(site)]


def _preparation(site: Surroundings) -> list[str]:
    broker = f"{site.broker}, {site.inboxes} inboxes that keep {site.retention_s / 3600:g} hours"
    return [
        "## Preparation",
        "",
        f"- [ ] `wsmigrate doctor` ends with 0 (broker {broker}; layer and state in "
        f"{site.database!r})",
        f"- [ ] `python manage.py migrate --database {site.database}`",
        "- [ ] every process that calls notify() runs with channels_ws.notify and without "
        "NOTIFY_BACKEND: `wsmigrate notify show` lists them",
        _known("front door", site.front_door, "[front_door] in " + site.config_file),
        _known("browsers come in at", site.url, "url in [front_door]"),
        _known("the new server's metrics", site.admin_url, "admin_url in [drain]"),
        _known("old sockets are closed by", site.drain, "[drain]"),
        f"- [ ] who may listen: {site.policy}",
        "- [ ] alerts are loaded and one was seen to fire (examples/monitoring/)",
        "- [ ] units are installed (examples/systemd/)",
        "- [ ] a way back was tried on a copy of the site: `wsmigrate rehearse`",
        "- [ ] who decides, who watches, and until when, is written down",
    ]


def _known(what: str, value: str, where: str) -> str:
    return f"- [ ] {what}: {value or f'NOT SET, see {where}'}"


def _step(site: Surroundings, step: ChecklistStep) -> list[str]:
    stage = step.rung.stage
    lines = [f"- [ ] gate {one.name}: {one.measures}; passes: {one.passes}" for one in step.gates]
    if not step.gates:
        lines.append('- [ ] no gate is set: look yourself, then --accept-inconclusive "reason"')
    lines += [
        f"- [ ] by hand: {text}"
        for hook, (at, text) in _HANDS.items()
        if at is stage and hook in site.by_hand
    ]
    lines.append(f"- [ ] `{_command('advance', site)} --execute`, which will:")
    lines += [f"  - {sentence_of(command)}" for command in step.commands]
    if MoveSockets(Side.LEGACY) in step.commands:
        lines.append(f"- [ ] how they are closed: {site.drain or 'NOT SET, see [drain]'}")
    lines.append(f"- [ ] watch: {_WATCH[stage]}")
    if step.rung.stage is Stage.DIRECT and step.rung.backend is NotifyBackend.CHANNELS:
        lines.append("- [ ] from here on the old server's clients would get nothing: none is left")
    lines.append(f"- [ ] back: `{_command('rollback', site)} --to {_word(step.back_to)} --execute`")
    return lines


def _afterwards(site: Surroundings) -> list[str]:
    return [
        "- [ ] stay in `retired` for as long as you may want to go back by one command",
        "- [ ] then end the old server and the bridge, and remove its units",
        "- [ ] `wsmigrate convert --finish` takes what is not needed any more out of the project",
        f"- [ ] the database {site.database!r} stays: the new server delivers by it",
        "- [ ] keep the audit log: `wsmigrate history --json --limit 100000`",
    ]


def _command(name: str, site: Surroundings) -> str:
    usual = site.config_file == "wsmigrate.toml"
    return f"wsmigrate {name}" + ("" if usual else f" --config {site.config_file}")


def _word(rung: Rung) -> str:
    return rung.name.replace(" ", "-")
