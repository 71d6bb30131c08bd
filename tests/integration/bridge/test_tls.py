"""A broker that speaks TLS, asks for client certificates, and has a vhost for the application."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from certificates import Authority
from varied import channel_to, client_of, new_name, received, vary

from dev_stack.ports import HOST
from dev_stack.runtime import Runtime
from dev_stack.services.rabbitmq import NAME, installed_programs, private_rabbitmq
from private_services import unavailable
from project import Project, wait_until


@dataclass(frozen=True)
class TlsBroker:
    """``url`` is without options; ``authority`` has signed its certificate."""

    url: str
    authority: Authority

    def url_of_client(self, name: str | None) -> str:
        """For a client with a certificate, or with none."""
        options = {"ca_certs": str(self.authority.certificate)}
        if name is not None:
            certificate, key = self.authority.issue(name)
            options |= {"certfile": str(certificate), "keyfile": str(key)}
        return f"{self.url}?ssl_options={options}"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsBroker]:
    programs = installed_programs()
    if programs is None:
        unavailable("RabbitMQ")
    with Runtime(logging.getLogger(__name__).info) as runtime:
        folder: Path = runtime.folder / "certificates"
        folder.mkdir()
        authority = Authority(folder)
        certificate, key = authority.issue("broker")
        service = private_rabbitmq(
            programs, runtime.folder, runtime.ports, unique=runtime.mark.stack, password="guest"
        )
        port = runtime.ports.free()
        with (runtime.folder / NAME / "rabbitmq.conf").open("a") as configuration:
            configuration.write(
                f"listeners.ssl.1 = {HOST}:{port}\n"
                f"ssl_options.cacertfile = {authority.certificate}\n"
                f"ssl_options.certfile = {certificate}\n"
                f"ssl_options.keyfile = {key}\n"
                "ssl_options.verify = verify_peer\n"
                "ssl_options.fail_if_no_peer_cert = true\n"
                "default_vhost = chat\n"
            )
        runtime.supervisor.start(service.spec)
        runtime.supervisor.wait_until_ready(NAME)
        yield TlsBroker(f"amqps://guest:guest@{HOST}:{port}/chat", authority)


def test_server_bridge_and_publisher_come_with_their_certificates(
    project: Project, broker: TlsBroker
) -> None:
    url = broker.url_of_client("client")
    secured = replace(project, amqp_url=url)
    vary(secured)
    room = new_name("room")
    server, _ = secured.start_server()
    secured.start_bridge()
    with channel_to(url) as channel, client_of(server, room) as client:
        channel.basic_publish(room, "", b"x" * 300_000)
        assert received(client, 1) == ["x" * 300_000]


def test_a_client_without_a_certificate_is_told_and_does_not_crash(
    project: Project, broker: TlsBroker
) -> None:
    secured = replace(project, amqp_url=broker.url_of_client(None))
    vary(secured)
    server, _ = secured.start_server()
    with pytest.raises(Exception, match="503"), client_of(server, new_name("room")):
        pass
    assert "cannot be used" in secured.log("channels")()


def test_a_broker_whose_certificate_another_authority_signed_is_not_spoken_to(
    project: Project, broker: TlsBroker, tmp_path: Path
) -> None:
    others = tmp_path / "others"
    others.mkdir()
    stranger = replace(broker, authority=Authority(others))
    secured = replace(project, amqp_url=stranger.url_of_client("client"))
    vary(secured)
    secured.start("-m", "migrate_cli", "bridge", "run", log="bridge")
    log = secured.log("bridge")
    wait_until(lambda: "CERTIFICATE_VERIFY_FAILED" in log(), log)
    assert "Traceback" not in log()
    assert "guest:guest" not in log()
