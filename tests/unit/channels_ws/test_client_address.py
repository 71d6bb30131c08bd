from __future__ import annotations

import ipaddress

import pytest

from channels_ws.client_address import UNKNOWN, client_address, client_of_scope

LOOPBACK = [ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")]
PROXIES = [*LOOPBACK, ipaddress.ip_network("10.0.0.0/8")]


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),  # not a proxy of ours: not believed
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1", "10.0.0.2"], "198.51.100.1"),  # two headers are one list
        ("10.0.0.1", ["6.6.6.6, 198.51.100.1"], "198.51.100.1"),  # the client wrote the 6.6.6.6
        ("10.0.0.1", ["6.6.6.6, nonsense"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.3"], "10.0.0.3"),  # a client inside
        ("127.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
        ("127.0.0.1", ['"[2001:db8:1:2::7]:4711"'], "2001:db8:1:2::/64"),
        ("::ffff:127.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
        ("2001:db8:1:2:3::9", [], "2001:db8:1:2::/64"),
        ("::1", [], "::1"),
        (None, ["198.51.100.1"], "198.51.100.1"),  # a Unix socket
        (None, [], UNKNOWN),
        ("testclient", ["198.51.100.1"], UNKNOWN),
    ],
)
def test_whom_a_client_is_counted_as(
    peer: str | None, forwarded_for: list[str], client: str
) -> None:
    assert client_address(peer, forwarded_for, PROXIES) == client


def test_a_header_of_a_thousand_hops_is_read_from_its_end() -> None:
    lines = [", ".join(["6.6.6.6"] * 1000), "198.51.100.1, 10.0.0.2"]
    assert client_address("127.0.0.1", lines, PROXIES) == "198.51.100.1"


def test_it_is_read_from_the_scope() -> None:
    scope = {
        "client": ("127.0.0.1", 4711),
        "headers": [(b"host", b"x"), (b"x-forwarded-for", b"198.51.100.1")],
    }
    assert client_of_scope(scope, LOOPBACK) == "198.51.100.1"
    assert client_of_scope({"client": None, "headers": []}, LOOPBACK) == UNKNOWN
