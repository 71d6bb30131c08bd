"""The loop of a drain, with a clock and servers that are made up."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from migrate_cli.drain import texts
from migrate_cli.drain.census import Seen
from migrate_cli.drain.run import Drain
from migrate_cli.routers.port import NotOfferedError, RouterError
from wsmigrate.draining import Limits, Reading
from wsmigrate.errors import UnavailableError
from wsmigrate.sides import Side


@dataclass
class World:
    """Clients of one room, one address each. Those that are closed come back after a second."""

    now: float = 0.0
    there: list[str] = field(default_factory=lambda: [f"10.0.0.{n}" for n in range(40)])
    away: list[tuple[float, str]] = field(default_factory=list)
    back: list[str] = field(default_factory=list)
    away_from: float | None = None
    away_until: float = 0.0
    latency_ms: float = 1.0
    finished: bool = False

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.back += [who for at, who in self.away if at <= self.now]
        self.away = [one for one in self.away if one[0] > self.now]

    def read(self) -> Reading:
        self._answer()
        return Reading(len(self.back), 0, self.latency_ms)

    def clients(self) -> dict[str, Seen]:
        self._answer()
        old = {f"old {who}": Seen("r", who, Side.LEGACY) for who in self.there}
        return {**old, **{f"new {who}": Seen("r", who, Side.CHANNELS) for who in self.back}}

    def left(self) -> int:
        return len(self.there)

    def smallest(self) -> int:
        return 1

    def close(self, most: int, now: float) -> int:
        leaving, self.there = self.there[:most], self.there[most:]
        self.away += [(now + 1.0, who) for who in leaving]
        return len(leaving)

    def finish(self, now: float) -> None:
        self.finished = True

    def silences(self) -> list[object]:
        return []

    def _answer(self) -> None:
        if self.away_from is not None and self.away_from <= self.now < self.away_until:
            raise RouterError("door", "The door does not answer.")


def drain(world: World, **more) -> Drain:
    limits = Limits(per_second=10, in_flight=8, back_within_s=5)
    return Drain(
        Side.LEGACY,
        world,
        world,
        limits,
        census=world,
        clock=world.clock,
        sleep=world.sleep,
        **more,
    )


def test_everybody_moves_once_and_the_gaps_are_known():
    world = World()
    outcome = drain(world).run()
    assert (outcome.closed, outcome.left, outcome.given_up) == (40, 0, "")
    assert (outcome.gaps.moved, outcome.gaps.away, outcome.gaps.more_than_one) == (40, 0, 0)
    assert 1.0 <= outcome.gaps.longest <= 1.3
    assert outcome.seconds >= 4
    assert world.finished


def test_a_door_that_does_not_answer_holds_it_and_it_goes_on_afterwards():
    world = World(away_from=2.0, away_until=12.0)
    outcome = drain(world).run()
    assert (outcome.closed, outcome.left) == (40, 0)
    assert outcome.stopped_s >= 9


def test_a_door_that_stays_away_ends_it_with_an_account():
    world = World(away_from=2.0, away_until=1e9)
    outcome = drain(world, patience_s=20).run()
    assert 0 < outcome.closed < 40
    assert outcome.closed + outcome.left == 40
    assert "The door does not answer" in outcome.given_up
    assert not world.finished


def test_a_slow_server_stops_it_and_the_rest_stays_open():
    world = World(latency_ms=60_000)
    outcome = drain(world, patience_s=10).run()
    assert outcome.left >= 25
    assert "takes 60000 ms to answer" in outcome.given_up


def test_once_nobody_is_left_a_slow_server_holds_nothing():
    world = World(latency_ms=60_000)
    left = world.left
    world.left = lambda: left() if world.now < 2 else 0  # type: ignore[method-assign]
    outcome = drain(world, patience_s=30).run()
    assert (outcome.left, outcome.given_up, world.finished) == (0, "", True)
    assert outcome.stopped_s < 5


def test_a_door_that_goes_with_the_last_socket_is_waited_for():
    world = World(there=["10.0.0.1"], away_from=0.05, away_until=8.0)
    outcome = drain(world).run()
    assert (outcome.left, outcome.given_up, world.finished) == (0, "", True)
    assert outcome.stopped_s >= 7


def test_it_stops_when_it_is_told_to():
    world = World()
    outcome = drain(world, should_stop=lambda: world.now > 1).run()
    assert outcome.left > 0
    assert outcome.given_up == "it was told to stop"
    assert outcome.gaps.away == 0  # those that were closed are waited for


def test_it_ends_in_time():
    outcome = drain(World(), within_s=1.5).run()
    assert outcome.left > 0
    assert outcome.given_up == "it was to be done within 2 s"


def test_what_a_door_cannot_is_said_at_once():
    world = World()

    def cannot(most: int, now: float) -> int:
        raise NotOfferedError("door", "It cannot.")

    world.close = cannot  # type: ignore[method-assign]
    with pytest.raises(NotOfferedError):
        drain(world).run()


class NoBroker:
    """A listener whose broker is away."""

    def start(self, rooms: list[str]) -> list[str]:
        raise UnavailableError("The broker does not let us listen.")

    def heard(self) -> list[tuple[str, float]]:
        raise AssertionError("it never listened")

    def stop(self) -> None:
        raise AssertionError("it never listened")


def test_a_broker_that_is_away_hinders_no_drain():
    outcome = drain(World(), listener=NoBroker()).run()
    assert (outcome.closed, outcome.left, outcome.given_up) == (40, 0, "")
    assert outcome.gaps.frames is None
    assert outcome.not_counted == "The broker does not let us listen."
    assert "Frames in the gaps: not counted. The broker does" in texts.outcome(outcome, None, None)
