"""Gates that follow messages, on a real site: each passes, fails, and does not know."""

from __future__ import annotations

import signal
import time
from contextlib import closing

import pika
import psycopg

from gate_site import GateSite, Meanwhile
from project import wait_until
from relay import Relay


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


def test_a_frozen_new_server_is_no_pass(served: GateSite, meanwhile: Meanwhile) -> None:
    server = served.project._running[0]
    served.gates["window_s"] = 12
    meanwhile(lambda: server.send_signal(signal.SIGSTOP))
    asked = served.ask()
    assert asked.outcomes("parity") == {"parity": "fail"}, str(asked)
    assert asked.outcomes("processes")["processes"] == "inconclusive"
    assert asked.code == 1


def test_the_two_copies_are_compared_before_one_is_given_up(served: GateSite) -> None:
    served.put_up_a_door()
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
    served.put_up_a_door()
    served.put_at("direct channels")
    asked = served.ask()
    assert asked.outcomes("parity", "connects") == {"parity": "pass", "connects": "pass"}, str(
        asked
    )
    assert "latency" not in asked.gates
