"""What an HAProxy counts of a server."""

from __future__ import annotations

import pytest

from migrate_cli.routers.haproxy import HaproxyDoor
from migrate_cli.routers.haproxy_socket import RuntimeSocket
from wsmigrate.sides import Side
from wsmigrate.weights import Servers

COUNTED = {
    "pxname": "ws",
    "svname": "channels",
    "stot": "12",
    "econ": "1",
    "eresp": "0",
    "hrsp_1xx": "7",
    "hrsp_2xx": "0",
    "hrsp_3xx": "0",
    "hrsp_4xx": "2",
    "hrsp_5xx": "1",
}
IN_TCP_MODE = {key: "" if key.startswith("hrsp") else value for key, value in COUNTED.items()}


@pytest.mark.parametrize(
    ("row", "errors", "answered"), [(COUNTED, 2, 9), (IN_TCP_MODE, 1, None)], ids=["http", "tcp"]
)
def test_who_was_answered_is_known_where_haproxy_reads_http(
    monkeypatch: pytest.MonkeyPatch, row: dict[str, str], errors: int, answered: int | None
) -> None:
    monkeypatch.setattr(HaproxyDoor, "_rows", lambda *_: [row])
    door = HaproxyDoor(RuntimeSocket("unused.sock"), "ws", Servers(("legacy",), ("channels",)))
    traffic = door.traffic(Side.CHANNELS)
    assert (traffic.connects, traffic.errors, traffic.answered) == (12, errors, answered)
