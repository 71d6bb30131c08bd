"""TLS of the rendered configurations."""

from __future__ import annotations

import socket
import ssl
import subprocess
from pathlib import Path

import pytest
from stands import options_for

from dev_stack.parts import PartSpec
from dev_stack.probes import runtime_socket_answers
from dev_stack.runtime import Runtime
from dev_stack.services.nginx import private_nginx
from migrate_cli.routers.render.haproxy import FIRST_STATE, HaproxyFiles, haproxy_configuration
from migrate_cli.routers.render.options import Tls
from two_servers import UPGRADE, NamedServer, head_of


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Tls:
    folder = tmp_path_factory.mktemp("tls")
    key, chain, both = (folder / name for name in ("key.pem", "chain.pem", "both.pem"))
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(key), "-out", str(chain)),
        ],
        check=True,
        capture_output=True,
    )
    both.write_text(chain.read_text() + key.read_text())
    return Tls(both, both)


@pytest.mark.parametrize("kind", ["haproxy", "nginx"])
def test_a_handshake_over_tls_reaches_the_server_and_says_so(
    kind, certificate, haproxy_program, nginx_program
):
    with Runtime(lambda _: None) as runtime:
        legacy = NamedServer("legacy", runtime.ports.free())
        channels = NamedServer("channels", runtime.ports.free())
        legacy.start()
        options = options_for(runtime, legacy, channels, tls=certificate)
        port = int(options.listen[0].rpartition(":")[2])
        if kind == "haproxy":
            spec = tls_haproxy(runtime.folder, haproxy_program, options, port)
        else:
            status = runtime.ports.free()
            folder = runtime.folder
            spec = private_nginx(nginx_program, folder, options, status_port=status).spec
        runtime.supervisor.start(spec)
        runtime.supervisor.wait_until_ready(spec.name)
        try:
            assert handshake(port, certificate)["status"] == "101"
            assert legacy.handler.seen[-1]["x-forwarded-proto"] == "https"
        finally:
            legacy.stop()


def tls_haproxy(folder: Path, program: Path, options, port: int) -> PartSpec:
    files = HaproxyFiles(folder / "admin.sock", folder / "state")
    files.state_file.write_text(FIRST_STATE)
    (folder / "haproxy.cfg").write_text(haproxy_configuration(options, files))
    return PartSpec(
        name="haproxy",
        command=(str(program), "-db", "-f", str(folder / "haproxy.cfg")),
        cwd=folder,
        probe=runtime_socket_answers(folder / "admin.sock", port),
        stop_grace_s=2.0,
    )


def handshake(port: int, certificate: Tls) -> dict[str, str]:
    context = ssl.create_default_context(cafile=str(certificate.certificate))
    with (
        socket.create_connection(("127.0.0.1", port), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as link,
    ):
        lines = ("GET /room HTTP/1.1", "Host: localhost", *UPGRADE, "", "")
        link.sendall("\r\n".join(lines).encode())
        return head_of(link)
