"""``wsmigrate gates`` on a real site: each gate passes, fails, and does not know."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pika
import psycopg
import pytest
from websockets.sync.client import connect

from gate_site import GateSite
from project import wait_until
from relay import Relay

Meanwhile = Callable[[Callable[[], object]], None]

MEASURED_ON_THE_NEW_SERVER = ("connects", "errors", "drops")


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


def test_without_a_bridge_lag_and_parity_fail(served: GateSite) -> None:
    assert served.bridge is not None
    served.bridge.kill()
    served.bridge.wait()
    asked = served.ask()
    assert asked.outcomes("bridge-lag", "parity") == {"bridge-lag": "fail", "parity": "fail"}
    assert "relayed by nobody" in asked.why("bridge-lag")
    assert asked.outcomes("latency") == {"latency": "inconclusive"}
    assert asked.outcomes("retention") == {"retention": "inconclusive"}
    assert asked.code == 1


def test_a_bridge_that_falls_behind_fails_by_its_lag_and_by_latency(
    served: GateSite, meanwhile: Meanwhile
) -> None:
    served.gates["window_s"] = 10
    served.thresholds |= {"lag_s": 0.5, "latency_slack_s": 1}

    def hold_up_the_layer() -> None:
        with psycopg.connect(served.project.postgres_dsn) as connection:
            connection.execute(
                "SELECT pg_advisory_lock(hashtextextended('wsmigrate_log ' || key, 0))"
                " FROM wsmigrate_log"
            )
            time.sleep(4)  # for so long the layer takes nothing

    meanwhile(hold_up_the_layer)
    asked = served.ask()
    assert asked.outcomes("bridge-lag", "latency") == {"bridge-lag": "fail", "latency": "fail"}, (
        str(asked)
    )
    assert asked.outcomes("parity") == {"parity": "pass"}


def test_a_frame_that_only_one_server_sends_fails_parity_on_a_room_of_the_site(
    served: GateSite, meanwhile: Meanwhile
) -> None:
    served.gates |= {"rooms": ["lobby"], "window_s": 12}

    def publish() -> None:
        url = pika.URLParameters(served.project.amqp_url)
        with closing(pika.BlockingConnection(url)) as connection:
            channel = connection.channel()
            for number in range(30):
                channel.basic_publish("lobby", "", f"{number}".encode())
                if number == 15:
                    served.project.execute("SELECT wsmigrate_publish('lobby', 'nobody said so')")
                time.sleep(0.1)

    meanwhile(publish)
    asked = served.ask()
    assert asked.outcomes("parity") == {"parity": "fail"}, str(asked)
    assert asked.why("parity").startswith("1 mismatched")


def test_messages_that_cannot_be_relayed_fail_dead_letters(served: GateSite) -> None:
    served.ask()  # its rooms are bound for a moment longer
    url = pika.URLParameters(served.project.amqp_url)
    with closing(pika.BlockingConnection(url)) as connection:
        connection.channel().basic_publish("wsmigrate-synthetic-0", "", b"\xff\xfe")
    wait_until(
        lambda: bool(served.project.execute("SELECT 1 FROM wsmigrate_dead_letter")), limit_s=30
    )
    asked = served.ask()
    assert asked.outcomes("dead-letters") == {"dead-letters": "fail"}
    assert asked.why("dead-letters").startswith("1 wait")


def test_messages_that_an_inbox_dropped_fail_retention(
    served: GateSite, meanwhile: Meanwhile
) -> None:
    served.gates["window_s"] = 6
    meanwhile(
        lambda: served.project.execute(
            "INSERT INTO wsmigrate_gap VALUES ('wsmigrate.inbox.3', 10, 14, clock_timestamp())"
        ),
    )
    asked = served.ask()
    assert asked.outcomes("retention") == {"retention": "fail"}, str(asked)
    assert "5 messages, at most, were dropped" in asked.why("retention")


def test_a_server_that_loses_the_broker_fails_connects_and_drops(
    gate_site: GateSite, relay: Relay, relayed_url: str, meanwhile: Meanwhile
) -> None:
    """What its broker forgot meanwhile closes sockets; new ones are refused with 503."""
    direct = gate_site.project.amqp_url
    gate_site.project.start_bridge()
    gate_site.project.amqp_url = relayed_url
    url, _ = gate_site.project.start_server()
    gate_site.project.amqp_url = direct
    gate_site.gates |= {"channels_url": url, "window_s": 30}
    gate_site.put_at("shadow")

    def forget() -> None:
        relay.cut()
        ((key,),) = gate_site.project.execute("SELECT owner FROM wsmigrate_binder")
        with closing(pika.BlockingConnection(pika.URLParameters(direct))) as connection:
            connection.channel().queue_delete(f"wsmigrate.mark.{key}")
        time.sleep(6)  # in which handshakes are tried
        relay.restore()

    meanwhile(forget)
    asked = gate_site.ask()
    assert asked.outcomes("connects", "drops") == {"connects": "fail", "drops": "fail"}, str(asked)
    assert "service-restart" in asked.why("drops")


DOOR = """
[front_door]
kind = "command"
get = ["cat", "{share}"]
set = ["false"]
sessions = ["cat", "{sessions}"]
traffic = ["{python}", "-c", "{traffic}"]
"""


def with_door(site: GateSite, *, errors: int = 0, legacy: int = 0) -> None:
    """A front door that counts 100 connects more, and so many errors, each time it is asked."""
    counter = site.folder / "asked"
    program = (
        f"import pathlib, json; p = pathlib.Path('{counter}');"
        " n = int(p.read_text()) + 1 if p.exists() else 1; p.write_text(str(n));"
        f" print(json.dumps(dict(connects=100 * n, errors={errors} * n, response_ms=1.0)))"
    )
    (site.folder / "share").write_text("50")
    (site.folder / "sessions").write_text(json.dumps({"legacy": legacy, "channels": 5}))
    site.lines.append(
        DOOR.format(
            share=site.folder / "share",
            sessions=site.folder / "sessions",
            python=sys.executable,
            traffic=program,
        )
    )


@pytest.mark.parametrize(("errors", "outcome"), [(1, "pass"), (2, "fail")])
def test_errors_at_the_front_door_count(served: GateSite, errors: int, outcome: str) -> None:
    with_door(served, errors=errors)
    asked = served.ask()
    assert asked.outcomes("errors") == {"errors": outcome}, str(asked)
    assert f"{errors} errors of 100 connects" in asked.why("errors")


@pytest.mark.parametrize(("legacy", "outcome"), [(0, "pass"), (3, "fail")])
def test_old_sockets_that_are_left_fail_the_step_to_direct(
    served: GateSite, legacy: int, outcome: str
) -> None:
    with_door(served, legacy=legacy)
    served.put_at("drain")
    asked = served.ask()
    assert asked.outcomes("old-sockets") == {"old-sockets": outcome}, str(asked)


def test_the_brokers_queues_count_old_sockets_too(served: GateSite) -> None:
    with_door(served)
    queues = served.folder / "queues"
    queues.write_text("amq.gen-abc\ttrue\nwsmigrate.inbox.0\tfalse\n")
    served.lines.append(f'[drain]\nqueues_command = ["cat", "{queues}"]')
    served.put_at("drain")
    asked = served.ask()
    assert asked.outcomes("old-sockets") == {"old-sockets": "fail"}
    assert "1 by the broker's queues" in asked.why("old-sockets")


def test_without_a_front_door_nobody_knows_of_old_sockets(served: GateSite) -> None:
    served.put_at("drain")
    asked = served.ask()
    assert asked.outcomes("old-sockets") == {"old-sockets": "inconclusive"}
    assert "[front_door]" in asked.why("old-sockets")


def test_the_two_copies_are_compared_before_one_is_given_up(served: GateSite) -> None:
    with_door(served)
    served.put_at("direct both")
    asked = served.ask()
    assert asked.outcomes("copies", "parity") == {"copies": "pass", "parity": "pass"}, str(asked)
    served.gates["synthetic"] = False
    assert served.ask().outcomes("copies") == {"copies": "inconclusive"}


TWO_TEXTS = """
import os, pathlib, sys, time, django; django.setup()
from channels_ws.notify.layer import LayerPublisher
from channels_ws.notify.publication import Publication, Stamp
from channels_ws.notify.rabbitmq import RabbitPublisher
from wsmigrate.config import DEFAULT_EVENT_NAME
broker = RabbitPublisher(os.environ["WSMIGRATE_AMQP_URL"])
layer = LayerPublisher(DEFAULT_EVENT_NAME)
print("ready", flush=True)
while not pathlib.Path(sys.argv[1]).exists():
    time.sleep(0.02)
broker.publish(Publication("wsmigrate-synthetic-0", "one", "same-id"))
layer.publish(Publication("wsmigrate-synthetic-0", "other", "same-id"), Stamp(None, is_copy=True))
print("done", flush=True)
"""


def test_copies_that_differ_fail(served: GateSite, meanwhile: Meanwhile) -> None:
    served.put_at("direct both")
    served.gates["window_s"] = 10
    go = served.folder / "go"
    said = served.project.log("two-texts")
    served.project.start("-c", TWO_TEXTS, str(go), log="two-texts")
    wait_until(lambda: "ready" in said(), said)
    meanwhile(go.touch)
    asked = served.ask()
    assert "done" in said()
    assert asked.outcomes("copies") == {"copies": "fail"}, str(asked)
    assert "1 different" in asked.why("copies")


def test_where_publishers_use_the_layer_alone_what_is_posted_is_compared(
    served: GateSite,
) -> None:
    with_door(served)
    served.put_at("direct channels")
    asked = served.ask()
    assert asked.outcomes("parity", "connects") == {"parity": "pass", "connects": "pass"}, str(
        asked
    )
    assert "latency" not in asked.gates


@pytest.mark.parametrize(
    ("share", "least", "outcome"),
    [(0.0, 20, "fail"), (0.0, 200, "inconclusive"), (1.0, 20, "pass")],
)
def test_who_would_be_refused_is_counted_by_the_clients_of_the_site(
    gate_site: GateSite, meanwhile: Meanwhile, share: float, least: int, outcome: str
) -> None:
    policy = {"CHATIRE_AUTHORIZE": "authenticated", "CHATIRE_AUTHORIZE_MODE": "report-only"}
    gate_site.project.variables = policy
    url, _ = gate_site.project.start_server()
    gate_site.gates |= {"channels_url": url, "window_s": 10}
    gate_site.thresholds |= {"policy_share": share, "least_clients": least}
    gate_site.put_at("canary 50")

    def clients_come() -> None:
        for number in range(25):
            with connect(f"{url}/room-{number}"):
                pass

    meanwhile(clients_come)
    asked = gate_site.ask(**policy)
    assert asked.outcomes("policy") == {"policy": outcome}, str(asked)
    if outcome == "fail":
        assert "25 anonymous" in asked.why("policy")


def test_a_policy_that_refuses_the_synthetic_clients_says_what_to_do(gate_site: GateSite) -> None:
    policy = {"CHATIRE_AUTHORIZE": "authenticated"}
    gate_site.project.variables = policy
    url, _ = gate_site.project.start_server()
    gate_site.gates["channels_url"] = url
    gate_site.put_at("shadow")
    asked = gate_site.ask(**policy)
    assert asked.outcomes("parity") == {"parity": "inconclusive"}
    assert "answered 403" in asked.why("parity")
    assert "docs/gates.md" in asked.why("parity")


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


def test_a_frozen_new_server_is_no_pass(served: GateSite, meanwhile: Meanwhile) -> None:
    server = served.project._running[0]
    served.gates["window_s"] = 12
    meanwhile(lambda: server.send_signal(signal.SIGSTOP))
    asked = served.ask()
    assert asked.outcomes("parity") == {"parity": "fail"}, str(asked)
    assert asked.outcomes("processes")["processes"] == "inconclusive"
    assert asked.code == 1


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
