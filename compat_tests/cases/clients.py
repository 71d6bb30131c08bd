"""What clients say: handshakes, messages, pings, closes, and what they must not say."""

from __future__ import annotations

from compat_tests.capture.sending import client_frame
from compat_tests.cases.case import (
    Case,
    Client,
    EndServers,
    Join,
    Leave,
    Notify,
    Ping,
    Publish,
    Send,
    Settle,
    Step,
)
from wsmigrate.parity.frames import Opcode
from wsmigrate.parity.recording import Provocation

_CLOSES: tuple[tuple[str, int | None, str], ...] = (
    ("1000", 1000, ""),
    ("1000-with-a-reason", 1000, "bye 👋"),
    ("1001", 1001, "the page is left"),
    ("4001", 4001, ""),
    ("without-a-code", None, ""),
)


def _handshake(name: str, title: str, *clients: Client, why: str = "", **expected: str) -> Case:
    first = clients[0].name
    return Case(
        f"handshake-{name}",
        f"handshake: {title}",
        clients,
        (
            Join(tuple(client.name for client in clients)),
            Publish(first, (b"a message after the handshake", b"x" * 300)),
            Settle(),
        ),
        why=why,
        group="handshake",
        **expected,  # type: ignore[arg-type]
    )


def _refused_handshake(name: str, title: str, client: Client, **expected: str) -> Case:
    return Case(
        f"handshake-{name}",
        f"handshake: {title}",
        (client,),
        (Join((client.name,)),),
        group="handshake",
        **expected,  # type: ignore[arg-type]
    )


def _says(name: str, title: str, *steps: Step, **more: str) -> Case:
    """A client says something; then both it and a neighbour go on to get messages."""
    return Case(
        f"client-{name}",
        f"client: {title}",
        (Client("speaker"), Client("neighbour")),
        (
            Join(("speaker", "neighbour")),
            *steps,
            Publish("neighbour", (b"the room goes on",)),
            Settle(),
        ),
        group="clients",
        **more,  # type: ignore[arg-type]
    )


def _breaks(name: str, title: str, data: bytes) -> Case:
    return Case(
        f"broken-{name}",
        f"a client that breaks the protocol: {title}",
        (Client("breaker"), Client("neighbour")),
        (
            Join(("breaker", "neighbour")),
            Send("breaker", data, Provocation.VIOLATION, pings=False),
            Leave("breaker"),
            Publish("neighbour", (b"the room goes on",)),
            Settle(),
        ),
        why="a neighbour must not notice",
        legacy="uWSGI puts up with it, and the client closes",
        channels="closes with 1002 or 1007 (RFC 6455, 7.1.7)",
        group="clients",
    )


CASES: tuple[Case, ...] = (
    _handshake(
        "origins",
        "no Origin, the own one and a foreign one",
        Client("none"),
        Client("foreign", headers=(("Origin", "https://elsewhere.example"),)),
        Client("null", headers=(("Origin", "null"),)),
        why="the old server lets every origin in; so does the new one under the policy `open`",
        legacy="answers with Sec-WebSocket-Origin",
        channels="does not",
    ),
    _handshake("one-subprotocol", "one subprotocol", Client("listener", subprotocols=("chat.v1",))),
    _handshake(
        "several-subprotocols",
        "several subprotocols",
        Client("listener", subprotocols=("chat.v2", "chat.v1", "plain")),
        legacy="sends back all of them",
        channels="chooses the first",
    ),
    _handshake(
        "deflate",
        "permessage-deflate offered, as every browser does",
        Client("listener", offers_deflate=True),
        why="the old server never compresses, so the new one must not either",
    ),
    _handshake(
        "headers",
        "cookies, a token, and headers that mean nothing here",
        Client(
            "listener",
            headers=(
                ("Cookie", "sessionid=abc; theme=dark"),
                ("User-Agent", "wsmigrate parity"),
                ("X-Forwarded-For", "192.0.2.1"),
                ("Accept-Language", "de"),
            ),
        ),
    ),
    _refused_handshake(
        "no-upgrade",
        "HTTP without upgrade",
        Client("browser", upgrades=False),
        legacy="426",
        channels="whatever the site answers to that path",
    ),
    _refused_handshake(
        "old-version",
        "an old WebSocket version",
        Client("browser", version="8"),
        legacy="426",
        channels="400",
    ),
    _says(
        "text",
        "text, which the room must not hear",
        Send("speaker", client_frame(Opcode.TEXT, b'{"message": "hello?"}')),
        Send("speaker", client_frame(Opcode.TEXT, b"")),
    ),
    _says("binary", "binary", Send("speaker", client_frame(Opcode.BINARY, bytes(range(256))))),
    _says(
        "fragments",
        "a message in fragments, with a ping between them",
        Send(
            "speaker",
            client_frame(Opcode.TEXT, b"one ", fin=False)
            + client_frame(Opcode.PING, b"")
            + client_frame(Opcode.CONTINUATION, b"two"),
        ),
    ),
    _says(
        "pings",
        "pings with and without a payload",
        Ping("speaker", b""),
        Ping("speaker", b"are you there?"),
        Ping("speaker", b"x" * 125),
        legacy="answers with an empty pong",
        channels="answers with the payload of the ping",
    ),
    _says(
        "unasked-pong", "a pong that nobody asked for", Send("speaker", client_frame(10, b"pong"))
    ),
    _says(
        "many-messages",
        "200 messages in a row",
        Send("speaker", client_frame(Opcode.TEXT, b"blah " * 20) * 200),
    ),
    Case(
        "client-oversized",
        "client: 4 MiB in one frame",
        (Client("speaker", "/{b}"), Client("neighbour")),
        (
            Join(("speaker", "neighbour")),
            Send("speaker", client_frame(Opcode.TEXT, b"z" * (4 << 20)), Provocation.OVERSIZED),
            Leave("speaker"),
            Publish("neighbour", (b"the room goes on",)),
            Settle(),
        ),
        legacy="cuts the connection: uWSGI takes up to 1 MiB",
        channels="takes it and throws it away",
        timed=False,
        group="clients",
    ),
    *(
        Case(
            f"close-{name}",
            f"a client that closes, {name.replace('-', ' ')}",
            (Client("leaves"), Client("stays")),
            (
                Join(("leaves", "stays")),
                Publish("stays", (b"before",)),
                Settle(),
                Leave("leaves", code, reason),
                Publish("stays", (b"after",)),
                Settle(),
            ),
            legacy="answers with an empty close frame; uWSGI 2.0.19 ends the connection",
            channels="answers with the client's code",
            group="clients",
        )
        for name, code, reason in _CLOSES
    ),
    _breaks("reserved-bit", "a reserved bit", client_frame(Opcode.TEXT, b"x", rsv=4)),
    _breaks("opcode", "an opcode that is not known", client_frame(3, b"x")),
    _breaks("mask", "no mask", client_frame(Opcode.TEXT, b"hi", masked=False)),
    _breaks("text", "text that is not UTF-8", client_frame(Opcode.TEXT, b"\xff\xfe")),
    Case(
        "server-ends",
        "both servers are restarted",
        (Client("listener"), Client("returns")),
        (
            Join(("listener",)),
            Publish("listener", (b"before",)),
            Settle(),
            EndServers(),
            Join(("returns",)),
            Publish("returns", (b"after",)),
            Settle(),
        ),
        legacy="the connection is cut",
        channels="closes with 1012",
        needs=frozenset({"end"}),
        alone=True,
        timed=False,
        group="clients",
    ),
    *(
        Case(
            f"django-notifs-{version}",
            f"published by notify() of django-notifs {version}",
            (Client("listener"),),
            (
                Join(("listener",)),
                Notify(
                    "listener",
                    version,
                    (
                        {"user": {"id": 1, "username": "é"}, "message": "hello 😀 <b>"},
                        {"z": 1, "a": 1.0, "big": 2**70, "none": None},
                        "just text",
                        [],
                        {"long": "x" * 70_000},
                        "just text",
                    ),
                ),
                Settle(),
            ),
            needs=frozenset({f"notifs-{version}"}),
            timed=False,
            group="publishers",
        )
        for version in (3, 4)
    ),
)
