"""How ``wsmigrate serve`` starts: where it listens, and what it says when it cannot."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect, unix_connect

from project import Project, wait_until

Failure = tuple[int, str]


@pytest.fixture
def serve(project: Project) -> Callable[..., Failure]:
    """Run the command, which has to end by itself; its exit code and what it said."""

    def run(*options: str, **variables: str) -> Failure:
        project.variables = variables
        done = project.run("-m", "migrate_cli", "serve", *options, check=False)
        assert done.stdout == ""
        return done.returncode, done.stderr

    return run


def one_sentence(failure: Failure) -> str:
    code, said = failure
    assert code == 2, said
    assert "Traceback" not in said
    assert said.startswith("wsmigrate: ")
    assert said.count("\n") == 1, said
    return said


@pytest.mark.parametrize(
    ("application", "what"),
    [
        ("no.such.module:application", "No module named 'no'"),
        ("chatire.asgi:nothing", "has no attribute 'nothing'"),
        ("chatire.asgi", "chatire:asgi"),
        ("chatire.settings:DEBUG", "no ASGI one"),
        (":", "names no application"),
    ],
)
def test_an_application_that_cannot_be_had_is_said(
    serve: Callable[..., Failure], application: str, what: str
) -> None:
    said = one_sentence(serve(application, "--port", "0"))
    assert what in said


def test_an_application_without_our_lifespan_is_said(serve: Callable[..., Failure]) -> None:
    said = one_sentence(serve("chatire.asgi:http", "--port", "0"))
    assert '"lifespan": lifespan' in said


def test_settings_that_are_not_named_or_not_there_are_said(serve: Callable[..., Failure]) -> None:
    assert "--settings" in one_sentence(serve(DJANGO_SETTINGS_MODULE=""))
    said = one_sentence(serve("--settings", "no_such_settings"))
    assert "no_such_settings" in said


def test_a_port_that_is_taken_is_said(serve: Callable[..., Failure]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"127.0.0.1:{port} for clients is in use" in one_sentence(serve("--port", port))
        said = one_sentence(serve("--port", "0", "--admin", port))
        assert f"127.0.0.1:{port} for the admin endpoints is in use" in said


def test_an_address_that_is_none_is_said(serve: Callable[..., Failure]) -> None:
    assert "is no address" in one_sentence(serve("--admin", "nowhere"))
    assert "cannot be listened on" in one_sentence(serve("--host", "192.0.2.1", "--port", "0"))


def test_a_delay_that_leaves_no_time_is_said(serve: Callable[..., Failure]) -> None:
    said = one_sentence(serve("--close-within", "5", "--drain-delay", "4"))
    assert "half that time" in said


def test_a_certificate_that_is_none_is_said(serve: Callable[..., Failure], tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("no certificate")
    said = one_sentence(serve("--port", "0", "--tls-cert", str(tmp_path / "cert.pem")))
    assert "The TLS certificate and key cannot be used" in said


def test_missing_tables_are_said(
    project: Project, serve: Callable[..., Failure], new_database: Any
) -> None:
    project.postgres_dsn = new_database()
    said = one_sentence(serve("--port", "0"))
    assert "python manage.py migrate --database channels_postgres" in said


def test_it_listens_on_a_unix_socket_and_takes_one_that_was_left_behind(
    project: Project, room: str
) -> None:
    path = project.folder / "ws.sock"
    for _ in range(2):
        process = project.start("-m", "migrate_cli", "serve", "--uds", str(path), log="uds")
        wait_until(lambda: accepts(path), project.log("uds"))
        with unix_connect(str(path), f"ws://x/{room}", open_timeout=30) as client:
            assert client.ping().wait(20)
        process.kill()
        process.wait(10)
    assert path.exists()


def test_a_unix_socket_in_use_is_left_alone_and_one_that_was_ours_is_removed(
    project: Project, serve: Callable[..., Failure]
) -> None:
    path = project.folder / "ws.sock"
    options = ("--uds", str(path), "--drain-delay", "0")
    process = project.start("-m", "migrate_cli", "serve", *options, log="uds")
    wait_until(lambda: accepts(path), project.log("uds"))
    assert "is in use" in one_sentence(serve(*options))
    assert accepts(path)
    process.terminate()
    assert process.wait(30) == 0, project.log("uds")()
    assert not path.exists()


def accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(path)) == 0


def test_it_listens_on_an_inherited_descriptor(project: Project, room: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        os.set_inheritable(bound.fileno(), True)
        process = subprocess.Popen(
            [sys.executable, "-m", "migrate_cli", "serve", "--fd", str(bound.fileno())],
            env=project.environment,
            cwd=project.environment["PYTHONPATH"],
            pass_fds=[bound.fileno()],
        )
        try:
            url = f"ws://127.0.0.1:{bound.getsockname()[1]}/{room}"
            with connect(url, open_timeout=60) as client:
                assert client.ping().wait(20)
        finally:
            process.kill()
            process.wait(10)


def test_it_speaks_tls(project: Project, room: str) -> None:
    certificate = project.folder / "both.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(project.folder / "key.pem"), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    served = project.serve(
        *("--tls-cert", str(certificate), "--tls-key", str(project.folder / "key.pem"))
    )
    trust = ssl.create_default_context(cafile=str(certificate))
    url = f"wss://localhost:{served.port}/{room}"
    with connect(url, ssl=trust, open_timeout=30) as client:
        assert client.ping().wait(20)
        assert client.response is not None
        assert "Sec-WebSocket-Extensions" not in client.response.headers


def test_the_limit_of_open_files_is_raised_and_one_that_is_too_low_is_said(
    project: Project,
) -> None:
    served = project.serve(command_line=("-c", WITH_FEW_FILES))
    assert served.figure("process_max_fds") == 600
    assert "the limit of open files is 600" in served.log()


WITH_FEW_FILES = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (300, 600))
from migrate_cli.__main__ import main
main()
"""
