"""The runbook as a checklist for one project."""

from __future__ import annotations

from dataclasses import replace

from wsmigrate.checklist import ChecklistGate, ChecklistStep, Surroundings, checklist
from wsmigrate.facts import Facts
from wsmigrate.rungs import all_after, ladder, plan

SITE = Surroundings(
    settings="shop.settings",
    config_file="wsmigrate.toml",
    database="layer",
    broker="amqp://shop:***@mq.example/",
    inboxes=8,
    front_door="haproxy /run/haproxy.sock",
    url="wss://shop.example",
    admin_url="",
    drain="workers of the uWSGI in /run/ws.pid, at most 50 a second",
    by_hand=("open_door", "start_bridge"),
    retention_s=86400,
    policy="open (enforce)",
)


def steps() -> list[ChecklistStep]:
    rungs, possible, found = ladder((10, 100)), (Facts(),), []
    for before, goal in zip(rungs, rungs[1:]):
        commands = plan(possible, goal)
        for command in commands:
            possible = all_after(possible, command)
        gate = ChecklistGate("bridge-lag", "how late it is", "up to 5 s")
        found.append(ChecklistStep(goal, before, (gate,), commands))
    return found


def part(lines: list[str], title: str) -> list[str]:
    begin = lines.index(f"## {title}") + 1
    rest = lines[begin:]
    ends = [number for number, line in enumerate(rest) if line.startswith("## ")]
    return rest[: ends[0] if ends else None]


def test_every_rung_has_its_gates_its_commands_what_to_watch_and_the_way_back() -> None:
    lines = checklist(SITE, steps())
    canary = "\n".join(part(lines, "canary 10"))
    assert "gate bridge-lag: how late it is; passes: up to 5 s" in canary
    assert "send 10 % of the rooms to the new server" in canary
    assert "- [ ] watch: " in canary
    assert "`wsmigrate rollback --to shadow --execute`" in canary
    assert "back: `wsmigrate rollback --to direct-channels" in "\n".join(part(lines, "retired"))


def test_the_projects_own_names_and_what_is_not_set_yet_stand_in_it() -> None:
    text = "\n".join(checklist(SITE, steps()))
    for own in ("shop.settings", "haproxy /run/haproxy.sock", "wss://shop.example", "'layer'"):
        assert own in text
    assert "the new server's metrics: NOT SET, see admin_url in [drain]" in text
    assert "workers of the uWSGI in /run/ws.pid" in "\n".join(part(text.splitlines(), "drain"))


def test_what_no_program_does_is_done_by_hand() -> None:
    lines = checklist(SITE, steps())
    assert any("by hand: have the front door" in line for line in part(lines, "door"))
    assert any("by hand: start the bridge" in line for line in part(lines, "shadow"))
    assert not any("by hand" in line for line in part(lines, "retired"))


def test_another_file_is_named_in_the_commands() -> None:
    text = "\n".join(checklist(replace(SITE, config_file="/etc/w.toml"), steps()))
    assert "`wsmigrate advance --config /etc/w.toml --execute`" in text
