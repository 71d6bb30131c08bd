"""Which of the messages that were published a socket got: lost, doubled, out of order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Account:
    """Frames that are not as they should be. Clean means: each exactly once, and in order."""

    lost: int = 0
    duplicated: int = 0
    out_of_order: int = 0

    @property
    def clean(self) -> bool:
        """Whether nothing is amiss."""
        return not (self.lost or self.duplicated or self.out_of_order)

    def __add__(self, other: Account) -> Account:
        return Account(
            self.lost + other.lost,
            self.duplicated + other.duplicated,
            self.out_of_order + other.out_of_order,
        )


def total(accounts: Iterable[Account]) -> Account:
    """The sum of accounts."""
    return sum(accounts, Account())


class Ledger:
    """The messages of one socket, each one looked at. Order is a sender's own: no server promises
    more."""

    def __init__(self) -> None:
        self._next: dict[int, int] = {}
        self._missing: set[tuple[int, int]] = set()
        self._duplicated = 0
        self._out_of_order = 0

    def enter(self, sender: int, sequence: int) -> None:
        """Take note of a message."""
        expected = self._next.get(sender, 0)
        if sequence == expected:
            self._next[sender] = sequence + 1
        elif sequence > expected:
            self._missing.update((sender, skipped) for skipped in range(expected, sequence))
            self._next[sender] = sequence + 1
        elif (sender, sequence) in self._missing:
            self._missing.remove((sender, sequence))
            self._out_of_order += 1
        else:
            self._duplicated += 1

    def account(self, published: Mapping[int, int]) -> Account:
        """What is amiss, given how many messages each sender of the room has published."""
        never_came = sum(max(0, count - self._next.get(s, 0)) for s, count in published.items())
        return Account(len(self._missing) + never_came, self._duplicated, self._out_of_order)


def account_of_count(received: int, published: int) -> Account:
    """What a mere count of frames says. A frame that was lost and one that was doubled hide each
    other, which is what the sample with ledgers is for."""
    return Account(lost=max(0, published - received), duplicated=max(0, received - published))
