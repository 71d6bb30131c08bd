"""Sockets move from one server to the other while messages are published, and every frame of every
client is accounted for."""

from __future__ import annotations

import json
import os
import shlex
import signal
from pathlib import Path

import pytest

from dev_stack.runtime import Runtime
from dev_stack.services.rabbitmq import installed_programs
from moving import Audience, Publisher, site
from project import wait_until
from wsmigrate.sides import Side

ROOMS = [f"drained {number}" for number in range(8)]
PER_ROOM = 5
CLIENTS = len(ROOMS) * PER_ROOM
LONGEST_GAP_S = 30.0  # of a busy machine; the six seconds of a cutover are a rehearsal's to show
PATIENT = ("--back-within", "60")


@pytest.fixture
def runtime():
    with Runtime(lambda _: None) as running:
        yield running


@pytest.fixture
def published_site(project, runtime, haproxy_program):
    """The old server as it was published, with its fault, in three workers."""
    with site(
        project,
        runtime,
        haproxy_program,
        LEGACY_WS_PUBLISHED_FAULT="1",
        LEGACY_WS_PROCESSES="3",
        LEGACY_WS_KEEPALIVE="5",
    ) as running:
        yield running


@pytest.fixture
def healthy_site(project, runtime, haproxy_program):
    with site(project, runtime, haproxy_program, LEGACY_WS_PROCESSES="2") as running:
        yield running


def as_said(finished) -> dict:
    assert finished.returncode == 0, finished.stderr + finished.stdout
    return json.loads(finished.stdout)


@pytest.fixture
def queues_command(services, amqp_url, tmp_path) -> str:
    """Lists the queues of the tests' private node; elsewhere it is rabbitmqctl as it is."""
    folder = installed_programs().server.parent
    environ = Path(f"/proc/{services.pid('rabbitmq')}/environ").read_bytes().decode()
    settings = [
        entry
        for entry in environ.split("\0")
        if entry.startswith(("HOME=", "ERL_EPMD_PORT=", "RABBITMQ_NODENAME="))
    ]
    exports = "\n".join(f"export {shlex.quote(entry)}" for entry in settings)
    script = tmp_path / "list-queues"
    script.write_text(
        f"#!/bin/sh\n{exports}\nexec {folder}/rabbitmqctl -q list_queues name exclusive\n"
    )
    script.chmod(0o755)
    return str(script)


def check_ledger(audience: Audience, gaps: int) -> None:
    """Nothing lost, doubled or swapped while connected, and at most one gap for each step."""
    for client in audience.clients:
        assert client.faults_while_connected() == []
        assert len(client.gaps) == gaps
        assert max(client.gaps) < LONGEST_GAP_S


def drain_legacy(running, *more: str, check: bool = True):
    words = ("--uwsgi-pid", str(running.uwsgi_pid), "--legacy-port", str(running.legacy_port))
    return running.command("drain", "legacy", *words, *more, check=check)


def test_the_published_server_is_drained_with_its_fault_switched_on(published_site, queues_command):
    with (
        Publisher(published_site.project.amqp_url, ROOMS, 20) as publisher,
        Audience(published_site.url, ROOMS, PER_ROOM) as audience,
    ):
        audience.wait_until_on("legacy")
        publisher.wait_for_rounds(10)
        published_site.command("route", "set", "100", "--execute", "--rooms", "0")
        plan = drain_legacy(published_site)
        assert "A dry run" in plan.stdout
        assert audience.are_on() == {"legacy"}
        admin = f"http://127.0.0.1:{published_site.new.admin_port}"
        outcome = as_said(
            drain_legacy(
                published_site,
                *("--execute", "--json", "--per-second", "20", "--in-flight", "20"),
                *("--admin-url", admin, "--queues-command", queues_command),
                *PATIENT,
            )
        )
        audience.wait_until_on("channels")
        publisher.wait_for_rounds(20)
        assert (outcome["closed"], outcome["left"]) == (CLIENTS, 0)
        assert outcome["queues_before"] == CLIENTS
        assert outcome["queues_after"] == 0
        gaps = outcome["gaps"]
        assert (gaps["moved"], gaps["away"], gaps["more_than_one"]) == (CLIENTS, 0, 0)
        assert 0 < gaps["longest"] < LONGEST_GAP_S
    check_ledger(audience, gaps=1)
    # The book's gaps are never too short, and hold what was published in them, 20 in a second.
    missed = sum(client.missed_in_gaps() for client in audience.clients)
    assert missed <= gaps["frames"] <= 20 * gaps["mean"] * CLIENTS + 3 * CLIENTS


def test_sockets_that_a_wedged_worker_left_silent_are_moved_and_counted(published_site):
    with (
        Publisher(published_site.project.amqp_url, ROOMS, 20) as publisher,
        Audience(published_site.url, ROOMS, PER_ROOM) as audience,
    ):
        audience.wait_until_on("legacy")
        published_site.command("route", "set", "100", "--execute", "--rooms", "0")
        # One client leaves its worker: from the next frame on its neighbours get nothing.
        published_site.door.close_sessions(Side.LEGACY, 1)
        publisher.wait_for_rounds(10)
        outcome = as_said(drain_legacy(published_site, "--execute", "--json", *PATIENT))
        audience.wait_until_on("channels")
        assert outcome["left"] == 0
        (silence,) = outcome["silences"]
        assert silence["sockets"] > 0


def test_a_healthy_server_is_drained_at_the_door_and_back_again_in_two_steps(healthy_site):
    with (
        Publisher(healthy_site.project.amqp_url, ROOMS, 20) as publisher,
        Audience(healthy_site.url, ROOMS, PER_ROOM) as audience,
    ):
        audience.wait_until_on("legacy")
        publisher.wait_for_rounds(5)
        steps = (
            ("legacy", "100", {"channels"}),
            ("channels", "50", {"legacy", "channels"}),
            ("channels", "0", {"legacy"}),
        )
        moved = []
        for server, percent, targets in steps:
            healthy_site.command("route", "set", percent, "--execute", "--rooms", "0")
            words = ("--by", "door", "--execute", "--json", "--per-second", "40", *PATIENT)
            outcome = as_said(healthy_site.command("drain", server, *words, "--in-flight", "5"))
            wait_until(lambda targets=targets: audience.are_on() == targets)
            publisher.wait_for_rounds(5)
            moved.append(outcome["closed"])
            assert outcome["left"] == 0
            assert outcome["most_in_flight"] <= 5
            assert outcome["gaps"]["moved"] == outcome["closed"]
            assert outcome["silences"] == []
        assert moved[0] == moved[1] + moved[2] == CLIENTS
        assert moved[1] % PER_ROOM == 0  # whole rooms
    # One for each step that moved the client: to the new server, and back in one of two steps.
    check_ledger(audience, gaps=2)


def test_clients_would_come_back_to_the_same_server_so_nothing_is_closed(healthy_site):
    refused = drain_legacy(healthy_site, "--execute", check=False)
    assert refused.returncode == 1
    assert "would come back to it" in refused.stderr
    assert "wsmigrate route set 100 --execute" in refused.stderr


def test_a_new_server_that_is_stuck_stops_the_drain_and_the_rest_stays(healthy_site):
    with (
        Publisher(healthy_site.project.amqp_url, ROOMS, 20) as publisher,
        Audience(healthy_site.url, ROOMS, PER_ROOM) as audience,
    ):
        audience.wait_until_on("legacy")
        healthy_site.command("route", "set", "100", "--execute", "--rooms", "0")
        os.kill(healthy_site.new.process.pid, signal.SIGSTOP)
        try:
            finished = healthy_site.command(
                *("drain", "legacy", "--by", "door", "--execute", "--json"),
                *("--per-second", "2", "--in-flight", "2", "--patience", "3"),
                *("--admin-url", f"http://127.0.0.1:{healthy_site.new.admin_port}"),
                *("--latency-stop-ms", "1000", "--back-within", "3"),
                check=False,
            )
        finally:
            os.kill(healthy_site.new.process.pid, signal.SIGCONT)
        assert finished.returncode == 1, finished.stderr
        outcome = json.loads(finished.stdout)
        assert outcome["stopped_s"] > 0
        assert "it was held for" in outcome["given_up"]
        assert outcome["left"] >= CLIENTS - 12
        publisher.wait_for_rounds(3)
        wait_until(lambda: "nobody" not in audience.are_on())


def test_sockets_of_a_worker_are_closed_one_by_one_if_that_is_asked_for(published_site):
    with (
        Publisher(published_site.project.amqp_url, ROOMS, 20) as publisher,
        Audience(published_site.url, ROOMS, PER_ROOM) as audience,
    ):
        audience.wait_until_on("legacy")
        published_site.command("route", "set", "100", "--execute", "--rooms", "0")
        pace = ("--in-flight", "5", "--per-second", "40")
        words = ("--spread", *pace, *PATIENT, "--execute", "--json")
        outcome = as_said(drain_legacy(published_site, *words))
        audience.wait_until_on("channels")
        publisher.wait_for_rounds(5)
        # Once several of its clients have left, a published worker may end by itself.
        assert 0 < outcome["closed"] <= CLIENTS
        assert outcome["left"] == 0
        assert outcome["gaps"]["moved"] == CLIENTS
        assert outcome["gaps"]["more_than_one"] == 0
    # Silent, and closed then: what a client got it got in order, and it moved once.
    check_ledger(audience, gaps=1)


@pytest.mark.long
def test_five_hundred_clients_leave_the_published_server(project, runtime, haproxy_program):
    rooms = [f"crowd-{number}" for number in range(100)]
    settings = {
        "LEGACY_WS_PUBLISHED_FAULT": "1",
        "LEGACY_WS_PROCESSES": "8",
        "LEGACY_WS_KEEPALIVE": "5",
    }
    with (
        site(project, runtime, haproxy_program, **settings) as running,
        Publisher(project.amqp_url, rooms, 2) as publisher,
        Audience(running.url, rooms, 5) as audience,
    ):
        audience.wait_until_on("legacy")
        publisher.wait_for_rounds(4)
        running.command("route", "set", "100", "--execute", "--rooms", "0")
        outcome = as_said(drain_legacy(running, "--execute", "--json", *PATIENT))
        print(json.dumps(outcome, indent=1))
        audience.wait_until_on("channels")
        publisher.wait_for_rounds(10)
        assert (outcome["closed"], outcome["left"]) == (500, 0)
    gaps = sorted(gap for client in audience.clients for gap in client.gaps)
    print(f"gaps by the clients' clocks: median {gaps[250]:.2f} s, longest {gaps[-1]:.2f} s")
    check_ledger(audience, gaps=1)
