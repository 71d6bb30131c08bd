"""What ``wsmigrate up`` cannot work with is one sentence and exit code 2."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest


def up(*options: str) -> str:
    """Run it, expect a refusal, and return the sentence."""
    finished = subprocess.run(
        [sys.executable, "-m", "migrate_cli", "up", *options],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert finished.returncode == 2, finished
    assert "Traceback" not in finished.stderr
    *usage, sentence = finished.stderr.strip().splitlines()
    assert not usage or usage[0].startswith("Usage:")
    return sentence


@pytest.mark.parametrize("option", ["--http-port", "--front-port", "--legacy-port"])
def test_a_port_that_is_in_use(option):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert f"Port {port} for " in (said := up(option, str(port)))
        assert "is in use on 127.0.0.1" in said


def test_one_port_for_two_parts(free_port):
    port = str(free_port())
    services_port_is_claimed = up("--http-port", port)
    assert f"Port {port}" in services_port_is_claimed


def test_one_port_that_is_given_twice():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
    said = up("--http-port", port, "--front-port", port)
    assert f"Port {port} is given twice" in said


@pytest.mark.parametrize("port", ["70000", "-1", "http"])
def test_what_is_no_port(port):
    assert "--http-port" in up("--http-port", port)


@pytest.mark.parametrize("url", ["http://u:s3cret@127.0.0.1/", "amqp://u:s3cret@:x/", ""])
def test_what_is_no_amqp_url(url):
    said = up("--amqp-url", url)
    assert "AMQP URL" in said
    assert "s3cret" not in said


def test_no_rabbitmq_at_the_url(free_port):
    said = up("--amqp-url", f"amqp://u:s3cret@127.0.0.1:{free_port()}/")
    assert "No RabbitMQ answers at amqp://u:***@127.0.0.1:" in said


def test_a_wrong_password_of_rabbitmq(amqp_url):
    said = up("--amqp-url", amqp_url.replace("guest:guest", "guest:s3cret"))
    assert "refuses the login" in said
    assert "s3cret" not in said


def test_what_is_no_postgres_dsn():
    assert "PostgreSQL DSN" in up("--postgres-dsn", "mysql://127.0.0.1/db")


def test_a_postgres_that_is_not_there(free_port):
    said = up("--postgres-dsn", f"postgresql://u:s3cret@127.0.0.1:{free_port()}/db")
    assert "cannot be used: Connection refused" in said
    assert "s3cret" not in said


def test_an_endpoints_file_in_a_folder_that_is_not_there(tmp_path):
    said = up("--endpoints", str(tmp_path / "nowhere" / "endpoints.json"))
    assert "there is no such folder to write to" in said


def test_a_folder_for_logs_that_is_a_file(tmp_path):
    (tmp_path / "logs").touch()
    assert "logs" in up("--logs", str(tmp_path / "logs" / "deeper"))
