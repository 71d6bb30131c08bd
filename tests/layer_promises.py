"""What a channel layer is to promise, and which layer does not hold which promise.

The contract suite (tests/integration/channels_ws/layers) has one test for each promise and runs it
over each kind of layer. A pair that is in ``NOT_HELD`` has to fail there, so an entry cannot
outlive its reason. docs/layers.md shows the same as a table for operators.
"""

from __future__ import annotations

import enum


class LayerKind(enum.Enum):
    """A channel layer, by the name that operators know it by."""

    OURS = "wsmigrate"
    STOCK = "channels-postgres"
    REDIS = "channels_redis core"
    PUBSUB = "channels_redis PubSub"
    RABBITMQ = "channels-rabbitmq"
    MEMORY = "in-memory"


class Promise(enum.Enum):
    """A promise, as operators read it."""

    SEND = "what is sent to a channel is received from it, once"
    ORDER = "what one sender sends arrives in order"
    WAITS = "what is sent before anybody receives waits for the receiver"
    VALUES = "text, bytes, numbers, lists and maps arrive as they were sent"
    LARGE = "a message of 1 MB arrives"
    SLOW = "1,000 messages wait for a member that is slow"
    CANCELLED = "a receive that is cancelled loses no message"
    GROUP = "a message to a group reaches each member once"
    GROUP_TWICE = "who was added twice gets one copy"
    GROUP_LEFT = "who has left a group gets nothing more"
    GROUP_EMPTY = (
        "sending to a group without members, or leaving one that one is not in, is no error"
    )
    PROCESSES = "channels and groups reach other processes"
    COMPETING = "receivers that compete for an ordinary channel get each message once"
    COMPETING_PROCESSES = "so do processes, and one that is busy leaves messages to the others"
    ORDINARY_WAITS = "what is sent to an ordinary channel waits for a process that receives later"
    NEIGHBOURS = "a process that starts takes no message of another"
    EXPIRY = "what is older than `expiry` is not delivered"
    FLUSH = "`flush` removes messages and groups"
    ENCRYPTED = "with encryption keys, only who has the key reads a message"
    ROTATION = "keys are rotated: old ones still read, the first one writes"
    NAMES = "names that are not allowed are refused"
    THREADS = "threads without an event loop of their own may send (`async_to_sync`)"
    RECONNECTS = "after a broken connection, messages flow again"
    KEPT = "what others send to a group meanwhile arrives when the connection is back"


_S, _R, _P, _Q, _M = (
    LayerKind.STOCK,
    LayerKind.REDIS,
    LayerKind.PUBSUB,
    LayerKind.RABBITMQ,
    LayerKind.MEMORY,
)
_ONE_PROCESS = "it reaches its own process only"
_NO_ENCRYPTION = "it has no encryption"
_NO_ORDINARY = "it has no ordinary channels"
_CAPACITY = "it drops what goes beyond `capacity` (100), without an error for `group_send`"

NOT_HELD: dict[tuple[LayerKind, Promise], str] = {
    (_S, Promise.WAITS): "a notification that comes before the channel's lock is taken is dropped",
    (_S, Promise.ORDINARY_WAITS): "a process that listens already drops what comes before it asks",
    (_S, Promise.COMPETING): "receivers that begin together take each other's lock away",
    (
        _S,
        Promise.COMPETING_PROCESSES,
    ): "each of them may get a copy, or the first one keeps the channel",
    (_S, Promise.NEIGHBOURS): "a process that starts deletes every row that has not expired",
    (_S, Promise.FLUSH): "what is in the memory of a process stays there",
    (_S, Promise.NAMES): "`group_add` checks no names",
    (_S, Promise.THREADS): "all event loops share one pool of connections, and wait for ever",
    (_S, Promise.RECONNECTS): "nothing listens any more, until the process is started anew",
    (_S, Promise.KEPT): "nothing listens any more, until the process is started anew",
    (_R, Promise.SLOW): _CAPACITY,
    (_P, Promise.CANCELLED): "it unsubscribes, and drops what comes until the next receive",
    (_P, Promise.COMPETING_PROCESSES): "every process gets a copy",
    (_P, Promise.ORDINARY_WAITS): "Redis keeps nothing for who is not there",
    (_P, Promise.EXPIRY): "a queue in memory, which nobody looks through",
    (_P, Promise.NAMES): "it checks no names",
    (_P, Promise.KEPT): "Redis keeps nothing for who is not there",
    (_Q, Promise.SLOW): _CAPACITY,
    (_Q, Promise.COMPETING): _NO_ORDINARY,
    (_Q, Promise.COMPETING_PROCESSES): _NO_ORDINARY,
    (_Q, Promise.ORDINARY_WAITS): _NO_ORDINARY,
    (_Q, Promise.EXPIRY): "what the process has fetched stays in its memory",
    (_Q, Promise.FLUSH): "it has no `flush`",
    (_Q, Promise.ENCRYPTED): _NO_ENCRYPTION,
    (_Q, Promise.ROTATION): _NO_ENCRYPTION,
    (_Q, Promise.THREADS): "it works on the event loop that made it only",
    (_Q, Promise.KEPT): "its queue goes with the connection",
    (_M, Promise.SLOW): _CAPACITY,
    (_M, Promise.PROCESSES): _ONE_PROCESS,
    (_M, Promise.COMPETING): "a receiver that empties the channel leaves the others waiting",
    (_M, Promise.COMPETING_PROCESSES): _ONE_PROCESS,
    (_M, Promise.ORDINARY_WAITS): _ONE_PROCESS,
    (_M, Promise.ENCRYPTED): _NO_ENCRYPTION,
    (_M, Promise.ROTATION): _NO_ENCRYPTION,
    (_M, Promise.KEPT): _ONE_PROCESS,
}
"""Why a layer does not hold a promise, in a few words."""

NOT_ALWAYS_HELD: dict[tuple[LayerKind, Promise], str] = {
    (_R, Promise.COMPETING_PROCESSES): (
        "a process that begins to receive puts back what another has just taken, and both get it"
    ),
}
"""The same, where it takes bad luck: the test may fail there, and mostly does not."""


def table() -> list[str]:
    """The promises as a table in Markdown, one row each, with a number for each reason."""
    reasons_given = [*NOT_HELD.values(), *NOT_ALWAYS_HELD.values()]
    numbers = {reason: n for n, reason in enumerate(dict.fromkeys(reasons_given), start=1)}
    rows = [
        "| promise | " + " | ".join(kind.value for kind in LayerKind) + " |",
        "| --- |" + " :-: |" * len(LayerKind),
    ]
    for promise in Promise:
        cells = [_cell((kind, promise), numbers) for kind in LayerKind]
        rows.append(f"| {promise.value} | " + " | ".join(cells) + " |")
    return [*rows, "", *(f"{number}. {reason}" for reason, number in numbers.items())]


def _cell(pair: tuple[LayerKind, Promise], numbers: dict[str, int]) -> str:
    if pair in NOT_HELD:
        return f"no ({numbers[NOT_HELD[pair]]})"
    if pair in NOT_ALWAYS_HELD:
        return f"mostly ({numbers[NOT_ALWAYS_HELD[pair]]})"
    return "yes"


if __name__ == "__main__":
    print("\n".join(table()))
