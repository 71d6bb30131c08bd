"""Clients that send what they should not, to ``wsmigrate serve``."""

from __future__ import annotations

import base64
import socket

from project import Project, Served

PING = b"\x89\xfd\0\0\0\0" + b"p" * 125  # masked with zeros
PONG = b"\x8a\x7d" + b"p" * 125
LAST = b"\x89\x84\0\0\0\0last"
MIB = 1 << 20


def resident(served: Served) -> float:
    return served.figure("process_resident_memory_bytes")


def opened(served: Served, room: str) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", served.port), timeout=60)
    client.sendall(
        f"GET /{room} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += client.recv(1)
    assert answer.startswith(b"HTTP/1.1 101"), answer
    return client


def test_pings_of_a_client_that_reads_nothing_are_not_kept(project: Project, room: str) -> None:
    served = project.serve()
    with opened(served, room) as client:
        client.sendall(PING * 1000)
        before = resident(served)
        for _ in range(24):
            client.sendall(PING * (MIB // len(PING)))
        client.sendall(LAST)
        assert resident(served) - before < 8 * MIB
        got = b""
        while not got.endswith(b"\x8a\x04last"):
            got = got[-8:] + client.recv(MIB)
