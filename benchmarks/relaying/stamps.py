"""Messages of the relay's benchmark, and what listeners note of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

BODY_BYTES = 200


def body_of(number: int, now_ns: int) -> bytes:
    """A message of 200 bytes with its number and the time of publishing."""
    return (b'{"n": %d, "t": %d}' % (number, now_ns)).ljust(BODY_BYTES, b" ")


def number_of(body: bytes) -> int:
    """The number in a message's body."""
    return int(body[6 : body.index(b",")])


def added_ms(direct: Mapping[int, int], relayed: Mapping[int, int]) -> list[float]:
    """How much later each message came by the relay than straight from the broker, in milliseconds
    and in order; of those that both have heard. Times are in nanoseconds."""
    return sorted((relayed[n] - direct[n]) / 1e6 for n in direct.keys() & relayed.keys())


def at_share(values: Sequence[float], share: float) -> float | None:
    """The value below which that share of the sorted values lies; None of none."""
    if not values:
        return None
    return values[min(len(values) - 1, int(share * len(values)))]
