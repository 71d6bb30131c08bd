"""The state of a cutover as it is shown, to people and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.table import Table

from migrate_cli.cutover.lock import is_at_work
from migrate_cli.cutover.patience import LIVE_S
from migrate_cli.cutover.records import AuditEntry, Holder, Process, Stored
from wsmigrate.command_texts import record_of_command, sentence_of
from wsmigrate.facts import Command, Facts
from wsmigrate.run_place import Phase, Place
from wsmigrate.run_plan import duration
from wsmigrate.site_state import SiteState
from wsmigrate.stages import Heading, State


def record_of_step(command: Command) -> dict[str, Any]:
    """A command with what it does."""
    return {**record_of_command(command), "what": sentence_of(command)}


def record_of_status(
    state: State,
    stored: Stored,
    processes: Sequence[Process],
    holder: Holder | None,
    place: Place | None = None,
) -> dict[str, Any]:
    """Everything that ``wsmigrate status`` shows."""
    site = stored.site
    return {
        "stage": state.rung.stage.value,
        "rung": state.rung.name,
        "goal": None if state.goal is None else state.goal.name,
        "heading": None if state.heading is None else state.heading.value,
        "paused": state.paused,
        "interrupted": interrupted(state, holder),
        "doing": None if state.doing is None else record_of_step(state.doing),
        "todo": [record_of_step(command) for command in state.todo],
        "revision": site.revision,
        "notify_backend": site.backend.value,
        "binds_rooms": site.binds,
        "barrier_out": site.barrier_out,
        "processes": [record_of_process(process, site) for process in processes],
        "operator": None
        if holder is None
        else {
            "who": holder.who,
            "host": holder.host,
            "doing": holder.doing,
            "since": holder.taken_at.isoformat(),
            "silent_s": round(holder.silent_s, 1),
            "at_work": is_at_work(holder),
        },
        "run": None if place is None else record_of_run(place, holder),
    }


def record_of_run(place: Place, holder: Holder | None) -> dict[str, Any]:
    """Where the last run of a plan stands, or how it ended."""
    return {
        "plan": place.plan.name,
        "step": place.index + 1,
        "steps": len(place.plan.steps),
        "to": place.step.to,
        "phase": place.phase.value,
        "bake_s": place.step.bake_s,
        "bake_left_s": round(place.bake_left_s, 1),
        "why": place.why,
        "cut_off": not place.has_ended and not is_at_work(holder),
    }


def run_lines(place: Place, holder: Holder | None) -> list[str]:
    """The same for people."""
    name = f"{place.plan.name}: " if place.plan.name else ""
    at = f"{name}{place.plan.position(place.index)}, {place.step.to}"
    if place.has_ended:
        why = f" ({place.why})" if place.why else ""
        return [f"plan            {name}{place.phase.value}{why}"]
    left = f", {duration(place.bake_left_s)} left" if place.phase is Phase.BAKE else ""
    lines = [f"plan            {at}: {place.phase.value}{left}"]
    if not is_at_work(holder):
        lines.append(
            "                nobody follows it now: go on with `wsmigrate resume --execute`"
        )
    return lines


def record_of_process(process: Process, site: SiteState) -> dict[str, Any]:
    """A process that follows the state. It is live if it was heard of a moment ago."""
    return {
        "role": process.role,
        "host": process.host,
        "pid": process.pid,
        "version": process.version,
        "revision": process.applied,
        "up_to_date": process.applied >= site.revision,
        "live": process.silent_s < LIVE_S,
        "silent_s": round(process.silent_s, 1),
        "facts": dict(process.facts),
    }


def record_of_entry(entry: AuditEntry) -> dict[str, Any]:
    """A line of the audit log."""
    return {
        "id": entry.id,
        "at": entry.at.isoformat(),
        "who": entry.who,
        "host": entry.host,
        "event": entry.event,
        "from": entry.stage_from,
        "to": entry.stage_to,
        "command": entry.command,
        "outcome": entry.outcome,
        "why": entry.why,
        "gates": [dict(gate) for gate in entry.gates],
        "revision": entry.revision,
    }


def interrupted(state: State, holder: Holder | None) -> bool:
    """Whether a step is under way that nobody is working at."""
    return not state.is_at_rest and not state.paused and not is_at_work(holder)


def where_lines(state: State, stored: Stored, holder: Holder | None) -> list[str]:
    """Where the cutover stands, in a few lines."""
    site = stored.site
    lines = [f"stage           {state.where}" + (" (paused)" if state.paused else "")]
    lines += [f"                {line}" for line in _facts_lines(state.possible)]
    lines.append(f"notify backend  {site.backend.value} (revision {site.revision})")
    if not site.barrier_out:
        lines.append("barrier         its markers have not come out everywhere yet")
    if holder is not None:
        lines.append(f"operator        {_holder_line(holder)}")
    if interrupted(state, holder):
        at = "" if state.doing is None else f" while it was to {sentence_of(state.doing)}"
        undo = ", undo with `wsmigrate abort`" if state.heading is Heading.FORWARD else ""
        lines.append(f"cut off{at}: go on with `wsmigrate resume`{undo}")
    return lines


def _holder_line(holder: Holder) -> str:
    name, silent = f"{holder.who} on {holder.host}", f"{holder.silent_s:.0f} s ago"
    if is_at_work(holder):
        return f"{name}: {holder.doing}, heard of {silent}"
    return (
        f"{name} was killed or cut off in `{holder.doing}`, {silent}; whoever comes next takes "
        "the lock over"
    )


def _facts_lines(possible: Sequence[Facts]) -> list[str]:
    facts = possible[0]
    lines = [
        f"{facts.percent} % of the rooms go to the new server"
        if facts.door
        else "browsers connect straight to the old server"
    ]
    if len(possible) > 1:
        lines.append("a command may have taken effect in part; it is settled by what comes next")
    return lines


def process_table(processes: Sequence[Process], site: SiteState) -> Table:
    """The processes that follow the state."""
    table = Table("role", "process", "version", "revision", "heard of", "says", box=None)
    for process in processes:
        current = process.applied >= site.revision
        table.add_row(
            process.role,
            process.name,
            process.version,
            str(process.applied) if current else f"{process.applied} (old)",
            f"{process.silent_s:.1f} s ago",
            _said(process),
        )
    return table


def counts_of(processes: Sequence[Process]) -> dict[str, int]:
    """What publishers have counted, all together."""
    counts: Counter[str] = Counter()
    for process in processes:
        if process.role == "publisher":
            counts.update({key: int(value) for key, value in process.facts.items()})
    return dict(counts)


def history_table(entries: Sequence[AuditEntry]) -> Table:
    """The audit log."""
    table = Table(box=None)
    for name in ("when (UTC)", "who", "stage", "event", "command", "outcome", "why"):
        table.add_column(name, overflow="fold")  # never cut off: it is the record
    for entry in entries:
        moved = entry.stage_from != entry.stage_to
        table.add_row(
            f"{entry.at:%Y-%m-%d %H:%M:%S}",
            f"{entry.who}@{entry.host}",
            f"{entry.stage_from} -> {entry.stage_to}" if moved else entry.stage_to,
            entry.event,
            entry.command,
            entry.outcome,
            entry.why,
        )
    return table


def _said(process: Process) -> str:
    facts = process.facts
    if process.role == "server":
        held = f", {facts['held']} held" if facts.get("held") else ""
        return f"{facts.get('sockets', 0)} sockets in {facts.get('rooms', 0)} rooms{held}"
    return ", ".join(f"{key} {value}" for key, value in sorted(facts.items()))
