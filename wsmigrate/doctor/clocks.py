"""Whether clocks agree. Times are seconds since the epoch."""

from __future__ import annotations

from dataclasses import dataclass

from wsmigrate.doctor.findings import Finding, Level

MOST_APART_S = 2.0
BROKER_APART_S = 5
"""RabbitMQ tells its clock by whole seconds only."""

_REMEDY = "Keep the clocks in step (chrony, systemd-timesyncd): latencies are told by two clocks."


@dataclass(frozen=True)
class Reading:
    """A clock that was asked: ``asked_at`` and ``answered_at`` by ours, ``said`` by the other."""

    asked_at: float
    said: float
    answered_at: float

    @property
    def ahead_s(self) -> float:
        """By how much the other one is ahead at least; below 0: behind. 0 while it may agree."""
        if self.said > self.answered_at:
            return self.said - self.answered_at
        return min(0.0, self.said - self.asked_at)


def of_clock(name: str, reading: Reading) -> Finding:
    """The finding for a clock."""
    ahead = reading.ahead_s
    if not abs(ahead) <= MOST_APART_S:
        way = "ahead of" if ahead > 0 else "behind"
        return Finding(
            "clock", Level.MEND, f"{name} is {abs(ahead):.1f} s {way} this machine.", _REMEDY
        )
    return Finding("clock", Level.GOOD, f"{name} agrees with this machine's clock.")


def of_broker_clock(*, is_behind: bool, is_ahead: bool) -> Finding:
    """The finding for the broker's clock, which only tells whether it is before a time."""
    if is_behind or is_ahead:
        way = "ahead of" if is_ahead else "behind"
        what = f"RabbitMQ's clock is more than {BROKER_APART_S} s {way} this machine's."
        return Finding("clock", Level.MEND, what, _REMEDY)
    what = f"RabbitMQ's clock agrees with this machine's to {BROKER_APART_S} s."
    return Finding("clock", Level.GOOD, what)
