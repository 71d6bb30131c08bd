"""Streams: many messages, many clients, and clients that come, go and are slow."""

from __future__ import annotations

from compat_tests.cases.case import (
    Case,
    Client,
    Join,
    Leave,
    Pause,
    Publish,
    PublishAtOnce,
    PublishDuringJoin,
    PublishMixed,
    Resume,
    Settle,
    simple,
)

_ROOMS = "abcde"


def _numbered(what: str, count: int) -> tuple[bytes, ...]:
    return tuple(f'{{"{what}": {number}}}'.encode() for number in range(count))


def _half_equal(count: int) -> tuple[bytes, ...]:
    return tuple(
        b"the same again" if number % 2 else f"number {number}".encode() for number in range(count)
    )


CASES: tuple[Case, ...] = (
    Case(
        "right-after-the-handshake",
        "a message that is published right after the handshake",
        tuple(Client(f"client-{number}", f"/{{{_ROOMS[number % 5]}}}") for number in range(10)),
        tuple(
            step
            for number in range(10)
            for step in (
                Join((f"client-{number}",)),
                Publish(f"client-{number}", (f"welcome, client {number}".encode(),)),
                Settle(),
            )
        ),
        why="both servers bind the room before they accept: who is connected misses nothing",
        warms_up=False,
        group="streams",
    ),
    simple(
        "burst",
        "1,000 messages in a row",
        _numbered("burst", 1000),
        group="streams",
        slack_s=1.0,
        alone=True,
    ),
    simple(
        "burst-of-equals",
        "1,000 messages in a row, half of them equal",
        _half_equal(1000),
        group="streams",
        why="frames carry no id: one that is lost between equal ones shows in the count only",
        slack_s=1.0,
        alone=True,
    ),
    simple("all-equal", "200 equal messages", [b"ping?"] * 200, group="streams"),
    Case(
        "interleaved-rooms",
        "messages to five rooms in turns",
        tuple(Client(f"in-{room}", f"/{{{room}}}") for room in _ROOMS),
        (
            Join(tuple(f"in-{room}" for room in _ROOMS)),
            PublishMixed(
                tuple(
                    (f"in-{room}", f"room {room}, message {number}".encode())
                    for number in range(40)
                    for room in _ROOMS
                )
            ),
            Settle(),
        ),
        group="streams",
    ),
    Case(
        "similar-rooms",
        "rooms whose names differ in little, with equal and different messages",
        (
            Client("plain", "/{a}"),
            Client("longer", "/{a}1"),
            Client("dotted", "/{a}.1"),
            Client("upper", "/{a}A"),
            Client("lower", "/{a}a"),
        ),
        (
            Join(("plain", "longer", "dotted", "upper", "lower")),
            PublishMixed(
                tuple(
                    (name, f"for {name}, {number}".encode())
                    for number in range(5)
                    for name in ("plain", "longer", "dotted", "upper", "lower")
                )
            ),
            Settle(),
        ),
        group="streams",
    ),
    Case(
        "fifty-clients",
        "50 clients in a room",
        tuple(Client(f"client-{number}") for number in range(50)),
        (
            Join(tuple(f"client-{number}" for number in range(50))),
            Publish("client-0", _numbered("for all", 20)),
            Settle(),
        ),
        group="streams",
        slack_s=1.0,
        alone=True,
    ),
    Case(
        "join-in-mid-stream",
        "a client that joins a room in which messages have been sent, and are being sent",
        (Client("first"), Client("second"), Client("third", tail_of="first")),
        (
            Join(("first",)),
            Publish("first", _numbered("before", 20)),
            Settle(),
            Join(("second",)),
            Publish("first", _numbered("between", 20)),
            PublishDuringJoin("first", _numbered("during", 200), joining="third"),
            Publish("first", _numbered("after", 20)),
            Settle(),
        ),
        why="it gets what comes from then on, and no history",
        group="streams",
    ),
    Case(
        "leave-and-return",
        "a client that leaves and comes back",
        (Client("stays"), Client("leaves"), Client("returns")),
        (
            Join(("stays", "leaves")),
            Publish("stays", _numbered("together", 10)),
            Settle(),
            Leave("leaves"),
            Publish("stays", _numbered("alone", 10)),
            Settle(),
            Join(("returns",)),
            Publish("stays", _numbered("together again", 10)),
            Settle(),
        ),
        group="streams",
    ),
    Case(
        "neighbour-is-cut",
        "a client whose connection breaks, and its neighbours",
        (Client("stays"), Client("breaks"), Client("comes")),
        (
            Join(("stays", "breaks")),
            Publish("stays", _numbered("before", 5)),
            Settle(),
            Leave("breaks", cut=True),
            Publish("stays", _numbered("after", 20)),
            Settle(),
            Join(("comes",)),
            Publish("stays", _numbered("later", 5)),
            Settle(),
        ),
        why="the published old server wedges a whole worker then",
        group="streams",
    ),
    Case(
        "slow-reader",
        "a client that reads nothing for a while",
        (Client("quick"), Client("slow")),
        (
            Join(("quick", "slow")),
            Pause("slow"),
            Publish(
                "quick",
                tuple(f"{number:06d} ".encode() * 4000 for number in range(100)),
            ),
            Settle(),
            Resume("slow"),
            Settle(),
        ),
        timed=False,
        alone=True,
        group="streams",
    ),
    Case(
        "two-publishers",
        "two notify() calls at once",
        (Client("listener"), Client("other")),
        (
            Join(("listener", "other")),
            PublishAtOnce("listener", (_numbered("one", 100), _numbered("two", 100))),
            Settle(),
        ),
        why="the order of each publisher is kept; how they interleave nobody promises",
        group="streams",
    ),
)
