import socket

import pytest

from dev_stack.ports import HOST, Ports
from wsmigrate.errors import ConfigError


@pytest.fixture
def ports():
    ports = Ports()
    yield ports
    ports.release()


def test_a_free_port_can_be_listened_on(ports):
    with socket.socket() as listener:
        listener.bind((HOST, ports.free()))


def test_outgoing_connections_cannot_take_a_free_port(ports):
    with open("/proc/sys/net/ipv4/ip_local_port_range") as file:  # noqa: PTH123
        first = int(file.read().split()[0])
    assert all(ports.free() < first for _ in range(20))


def test_a_port_that_somebody_listens_on_is_refused_in_one_sentence(ports):
    with socket.create_server((HOST, 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(ConfigError, match=f"^Port {port} for the site is in use"):
            ports.wanted(port, "the site")


def test_a_port_that_another_stack_has_claimed_is_refused(ports):
    other = Ports()
    port = other.free()
    with pytest.raises(ConfigError, match="in use"):
        ports.wanted(port, "the site")
    other.release()
    assert ports.wanted(port, "the site") == port


@pytest.mark.parametrize("port", [-1, 65536])
def test_what_is_no_port_is_refused(ports, port):
    with pytest.raises(ConfigError, match="cannot be the port"):
        ports.wanted(port, "the site")


def test_zero_stands_for_a_free_port(ports):
    assert ports.wanted(0, "the site") > 0
