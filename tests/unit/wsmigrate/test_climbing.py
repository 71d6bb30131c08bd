"""The way up, as `plan` and the dry run of `run` show it."""

from __future__ import annotations

from dataclasses import replace

from wsmigrate.climbing import way_up
from wsmigrate.facts import RouteRooms
from wsmigrate.rungs import ladder
from wsmigrate.stages import State


def test_every_rung_is_climbed_once_and_in_order():
    rungs = ladder((50, 100))
    steps = list(way_up(State(rungs, rungs[0])))
    assert [one.rung for one in steps] == list(rungs[1:])
    assert [one.begins for one in steps] == list(rungs[:-1])


def test_each_share_of_the_canary_is_set_in_its_turn():
    rungs = ladder((50, 100))
    steps = way_up(State(rungs, rungs[0]))
    shares = [c.percent for one in steps for c in one.commands if isinstance(c, RouteRooms)]
    assert shares == [50, 100]


def test_from_the_last_rung_there_is_no_way_up():
    rungs = ladder()
    assert list(way_up(replace(State(), rung=rungs[-1]))) == []
