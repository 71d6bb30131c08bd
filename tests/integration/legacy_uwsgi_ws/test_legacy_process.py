"""The old server as a process: settings, signals, deaths."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys

import pytest
from legacy_process import CHECKOUT, is_running, until

WRONG = [
    ("LEGACY_WS_KEEPALIVE", "soon"),
    ("LEGACY_WS_KEEPALIVE", "0"),
    ("LEGACY_WS_PUBLISHED_FAULT", "yes"),
    ("LEGACY_WS_AMQP_URL", "http://user:s3cret@localhost/"),
]


@pytest.mark.parametrize(("name", "value"), [WRONG[0], WRONG[-1]])
def test_a_setting_that_cannot_be_is_one_sentence_and_exit_code_2(start_server, name, value):
    with pytest.raises(ChildProcessError) as failure:
        start_server(**{name: value})
    log = str(failure.value)
    assert len([line for line in log.splitlines() if line.startswith("legacy_uwsgi_ws: ")]) == 1
    assert "Traceback" not in log
    assert "s3cret" not in log


def launch(python, **environ):
    return subprocess.run(
        [python, "-m", "legacy_uwsgi_ws"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT), **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(("name", "value"), [*WRONG, ("LEGACY_WS_LISTEN", "localhost")])
def test_the_launcher_says_it_too(uwsgi, name, value):
    done = launch(uwsgi.with_name("python"), **{name: value})
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "s3cret" not in done.stderr


def test_the_launcher_says_that_a_port_is_in_use(uwsgi):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = launch(uwsgi.with_name("python"), LEGACY_WS_LISTEN=address)
    assert done.returncode == 2
    assert done.stderr == (
        f"legacy_uwsgi_ws: The address {address} cannot be listened on (Address already in use). "
        "Set LEGACY_WS_LISTEN to another one.\n"
    )


def test_the_launcher_becomes_a_server(uwsgi, amqp_url, free_port):
    port = free_port()
    process = subprocess.Popen(
        [uwsgi.with_name("python"), "-m", "legacy_uwsgi_ws"],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(CHECKOUT),
            "WSMIGRATE_AMQP_URL": amqp_url,
            "LEGACY_WS_LISTEN": f"127.0.0.1:{port}",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert until(lambda: answers(port), 30)
        process.terminate()
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()


def test_sigterm_ends_the_server_soon_though_sockets_are_open(start_server, room, join):
    server = start_server()
    clients = [join(server, room) for _ in range(3)]
    workers = server.workers
    assert server.stop() == 0
    assert all(client.is_closed_within(1) for client in clients)
    assert not any(map(is_running, workers))


def test_workers_do_not_outlive_a_master_that_is_killed(start_server, room, join):
    server = start_server(LEGACY_WS_PROCESSES="2")
    join(server, room)
    workers = server.workers
    assert len(workers) == 2
    server.process.kill()
    assert until(lambda: not any(map(is_running, workers)), 3)


def test_a_worker_that_dies_is_replaced(start_server, room, join):
    server = start_server()
    (worker,) = server.workers
    client = join(server, room)
    os.kill(worker, signal.SIGKILL)
    assert client.is_closed_within(3)
    assert until(lambda: server.workers not in ([], [worker]), 10)
    again = join(server, room)
    room.publish(b"hello")
    assert again.receive().data == b"hello"


def test_the_environment_is_the_one_it_should_be(uwsgi, request):
    """The seed environment is Python 3.9 with the old parts, the other one is this Python."""
    code = "import sys, pika, gevent; print(sys.version_info[:2], pika.__version__)"
    done = subprocess.run(
        [uwsgi.with_name("python"), "-c", code], capture_output=True, text=True, check=True
    )
    is_seed = "seed" in request.node.callspec.id
    expected = "(3, 9) 0.13.1" if is_seed else f"{sys.version_info[:2]} 1."
    assert done.stdout.startswith(expected)


def answers(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 426
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
