"""``wsmigrate gates`` on a real site: what is asked, of whom, and what it shows."""

from __future__ import annotations

import json
import sys
from typing import Any

import psycopg

from gate_site import MEASURED_ON_THE_NEW_SERVER, GateSite


def test_on_a_quiet_site_the_synthetic_rooms_feed_every_gate(served: GateSite) -> None:
    asked = served.ask()
    assert set(asked.outcomes().values()) == {"pass"}, str(asked)
    assert asked.code == 0
    assert asked.gates["parity"]["figures"]["count"] >= 8
    assert asked.gates["latency"]["figures"]["count"] >= 8


def test_the_rooms_of_the_site_are_left_alone_and_few_exchanges_come_of_it(
    served: GateSite,
) -> None:
    served.ask()
    exchanges = {row[0] for row in served.project.execute("SELECT room FROM wsmigrate_exchange")}
    assert len(exchanges) == 8
    assert all(name.startswith("wsmigrate-synthetic-") for name in exchanges)
    served.ask()
    again = {row[0] for row in served.project.execute("SELECT room FROM wsmigrate_exchange")}
    assert again == exchanges


def test_a_site_that_is_not_described_is_never_a_pass(gate_site: GateSite) -> None:
    gate_site.put_at("shadow")
    asked = gate_site.ask()
    outcomes = asked.outcomes()
    assert outcomes.pop("bridge-lag") == "fail"  # that nobody relays is known for certain
    assert outcomes.pop("database-connections") == outcomes.pop("table-size") == "pass"
    assert set(outcomes.values()) == {"inconclusive"}, str(asked)
    assert "channels_url" in asked.why("parity")
    assert asked.code == 1


def test_without_messages_nothing_that_counts_them_passes(served: GateSite) -> None:
    served.gates["synthetic"] = False
    asked = served.ask()
    silent = ("parity", "latency", "bridge-lag", "dead-letters", *MEASURED_ON_THE_NEW_SERVER)
    assert asked.outcomes(*silent) == dict.fromkeys(silent, "inconclusive"), str(asked)
    assert asked.code == 2


def test_postgresql_is_judged_by_its_connections_and_tables(gate_site: GateSite) -> None:
    gate_site.thresholds |= {"connection_share": 0.001, "table_bytes": 1}
    names = ("database-connections", "table-size")
    asked = gate_site.ask()  # of the step to `door`
    assert asked.outcomes() == dict.fromkeys(names, "fail"), str(asked)
    with psycopg.connect(gate_site.project.postgres_dsn) as connection:
        connection.execute("LOCK TABLE wsmigrate_bridge")  # so that the look is not over in time
        assert gate_site.ask().outcomes() == dict.fromkeys(names, "inconclusive")


def test_a_process_that_has_not_applied_the_revision_fails(
    served: GateSite, gate_site: GateSite
) -> None:
    served.project.execute(
        "INSERT INTO wsmigrate_process (owner, role, host, pid, version, applied, seen_at) VALUES"
        " ('old', 'publisher', 'web-7', 12, '0.1', 0, clock_timestamp() + interval '5 minutes')"
    )
    asked = served.ask()
    assert asked.outcomes("processes") == {"processes": "fail"}
    assert "publisher web-7:12 (0)" in asked.why("processes")


def programs(*named: tuple[str, str]) -> list[str]:
    return [
        f'[[gates.commands]]\nname = "{name}"\ncommand = ["{sys.executable}", "-c", "{text}"]'
        for name, text in named
    ]


def test_programs_of_the_site_are_gates_by_their_exit_code(gate_site: GateSite) -> None:
    gate_site.lines += programs(
        ("good", "import os; print('noise'); print(os.environ['WSMIGRATE_TO'])"),
        ("bad", "import sys; print('too hot'); sys.exit(1)"),
        ("unsure", "import sys; sys.exit(2)"),
        ("crashing", "1 / 0"),
    )
    gate_site.lines.append('[[gates.commands]]\nname = "absent"\ncommand = ["/nowhere/at/all"]')
    gate_site.gates["off"] = [
        *("parity", "latency", "bridge-lag", "dead-letters", "retention", "policy"),
        *(*MEASURED_ON_THE_NEW_SERVER, "processes", "database-connections", "table-size"),
    ]
    gate_site.put_at("shadow")
    asked = gate_site.ask()
    assert asked.outcomes() == {
        "good": "pass",
        "bad": "fail",
        "unsure": "inconclusive",
        "crashing": "fail",  # Python's exit code for a traceback
        "absent": "inconclusive",
    }
    assert asked.why("good") == "canary 50"
    assert asked.why("bad") == "too hot"
    assert asked.code == 1


def test_what_would_be_asked_can_be_listed_without_measuring(gate_site: GateSite) -> None:
    gate_site.put_at("shadow")
    listed: dict[str, Any] = json.loads(gate_site.run("gates", "--list", "--json").stdout)
    assert (listed["from"], listed["to"]) == ("shadow", "canary 50")
    assert {"parity", "latency", "processes"} <= {gate["gate"] for gate in listed["gates"]}
    text = gate_site.run("gates", "--list").stdout
    assert "passes with at most 0 mismatched, of at least 5 compared" in text


def test_status_and_plan_show_the_gates(served: GateSite) -> None:
    status = json.loads(served.run("status", "--json").stdout)
    shown = {gate["gate"]: gate["outcome"] for gate in status["gates"]}
    assert (shown["table-size"], shown["parity"]) == ("pass", None)
    assert "asked by `wsmigrate gates`: parity, latency" in served.run("status").stdout
    plan = json.loads(served.run("plan", "--json").stdout)
    assert "old-sockets" in {gate["gate"] for gate in plan["steps"][-2]["gates"]}
    assert "gates: parity, latency" in served.run("plan").stdout


def test_at_the_last_stage_there_is_nothing_to_ask(gate_site: GateSite) -> None:
    gate_site.put_at("retired")
    ended = gate_site.run("gates")
    assert ended.returncode == 1
    assert "last stage" in ended.stderr
