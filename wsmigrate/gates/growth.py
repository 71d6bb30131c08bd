"""By how much counters of several processes have grown, though some of them start and end."""

from __future__ import annotations

from collections.abc import Mapping

Counts = Mapping[str, float]
"""Counters by name, since the start of one process."""


class Growth:
    """Takes sample after sample; ``total`` is what was counted since the first one.

    A process that was not in the first sample counts from 0, as one does whose counter fell: it was
    started anew. One that is gone keeps what it had when it was seen last. Not numbers are passed
    over.
    """

    def __init__(self) -> None:
        self._has_begun = False
        self._last: dict[str, dict[str, float]] = {}
        self.total: dict[str, float] = {}

    def sample(self, processes: Mapping[str, Counts]) -> None:
        """The counters now, by process."""
        for process, counts in processes.items():
            known = self._last.get(process, {} if self._has_begun else dict(counts))
            for name, value in counts.items():
                if value != value:  # noqa: PLR0124 - not a number
                    continue
                before = known.get(name, 0.0)
                grown = value - before if value >= before else value
                self.total[name] = self.total.get(name, 0.0) + grown
            self._last[process] = dict(counts)
        self._has_begun = True
