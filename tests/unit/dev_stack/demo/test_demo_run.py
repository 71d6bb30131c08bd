"""The course of a demo, in a small world without the real stack."""

from __future__ import annotations

import asyncio
import io
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from demo_world import World, eventually
from rich.console import Console

from dev_stack.demo.plan import DemoOptions, Sabotage
from dev_stack.demo.report import Report
from dev_stack.demo.run import Demo, Outcome, Servers
from dev_stack.demo.sabotage import SabotagedLayer, broken_messages
from dev_stack.demo.site import Site, SiteError
from wsmigrate.errors import ExitCode

SMALL = DemoOptions(messages=40, clients=4, rooms=2, seed=3)


class Stage:
    """Runs demos in a world. ``printed`` is what a log would hold."""

    def __init__(self, world: World, record: Path) -> None:
        self.world = world
        self.record = record
        self._file = io.StringIO()

    async def play(self, options: DemoOptions = SMALL, quiet_s: float = 5.0) -> Outcome:
        urls = self.world.urls
        servers = Servers(urls["legacy"], urls["channels"], urls["front"], self.world.set_share)
        report = Report(Console(file=self._file, width=100))
        demo = Demo(
            options,
            servers,
            report,
            broken_messages=partial(broken_messages, self.record),
            quiet_s=quiet_s,
        )
        async with Site("http://site", self.world.transport) as site:
            with report:
                outcome = await demo.run(site)
        report.figures(outcome.figures)
        return outcome

    @property
    def printed(self) -> str:
        return self._file.getvalue()


@pytest.fixture
def stage(world: World, tmp_path: Path) -> Stage:
    return Stage(world, tmp_path / "record.json")


async def test_when_all_is_well_every_client_got_every_frame(stage: Stage) -> None:
    outcome = await stage.play()
    figures = outcome.figures
    assert figures.exit_code is ExitCode.DONE
    assert figures.published == figures.identical == 40
    assert figures.fixed.clients == 8
    assert figures.fixed.delivered == 8 * 20
    assert figures.front_door.clients == 4
    assert figures.front_door.delivered == 4 * 20
    assert "sabotage" not in outcome.as_json()


async def test_the_front_door_moves_in_steps_and_its_clients_follow(stage: Stage) -> None:
    figures = (await stage.play()).figures
    assert stage.world.shares == [0, 50, 100]
    assert [(s.percent, s.legacy, s.channels) for s in figures.steps] == [
        (0, 4, 0),
        (50, 2, 2),
        (100, 0, 4),
    ]


@pytest.mark.parametrize(
    "options",
    [
        DemoOptions(messages=1, clients=1, rooms=1),
        DemoOptions(messages=7, clients=5, rooms=3),
        DemoOptions(messages=120, clients=3, rooms=1, seed=9),
    ],
    ids=str,
)
async def test_loads_of_any_size_come_out_even(stage: Stage, options: DemoOptions) -> None:
    figures = (await stage.play(options)).figures
    assert figures.exit_code is ExitCode.DONE
    assert figures.identical == options.messages


@pytest.mark.parametrize(
    ("kind", "figure"),
    [
        (Sabotage.DROP, "lost"),
        (Sabotage.DUPLICATE, "duplicated"),
        (Sabotage.REORDER, "out_of_order"),
        (Sabotage.ALTER, "mismatched"),
    ],
)
async def test_each_sabotage_is_found_under_its_own_name(
    stage: Stage, kind: Sabotage, figure: str
) -> None:
    world = stage.world
    world.to_channels = SabotagedLayer(
        backend="demo_world.WorldLayer",
        config={"send": world.deliver_to_channels},
        kind=kind.value,
        record=str(stage.record),
    ).group_send
    options = DemoOptions(messages=40, clients=4, rooms=2, seed=3, sabotage=kind)
    # A message that is held to be reordered comes after a second at the latest.
    outcome = await stage.play(options, quiet_s=3.0 if kind is Sabotage.REORDER else 0.3)
    assert outcome.figures.exit_code is ExitCode.REFUSED
    for name in ("lost", "duplicated", "out_of_order", "mismatched"):
        assert (getattr(outcome.figures.servers["channels"], name) > 0) == (name == figure)
        assert getattr(outcome.figures.servers["legacy"], name) == 0
        assert name == figure or getattr(outcome.figures.front_door, name) == 0
    assert outcome.sabotage is not None
    assert outcome.sabotage.as_expected
    assert "DIFFERENCE on the new server" in stage.printed
    assert "DIFFERENCE on the old server" not in stage.printed


async def test_a_sabotage_that_broke_nothing_is_not_as_expected(stage: Stage) -> None:
    options = DemoOptions(messages=2, clients=1, rooms=1, sabotage=Sabotage.DROP)
    outcome = await stage.play(options)
    assert outcome.sabotage is not None
    assert outcome.sabotage.messages == 0
    assert not outcome.sabotage.as_expected


async def test_a_relay_that_is_late_is_waited_for(stage: Stage) -> None:
    world = stage.world
    late: set[asyncio.Task[None]] = set()
    order = asyncio.Lock()

    async def later(group: str, event: dict[str, Any]) -> None:
        async with order:
            await asyncio.sleep(0.02)
            await world.deliver_to_channels(group, event)

    async def hand_over(group: str, event: dict[str, Any]) -> None:
        late.add(asyncio.create_task(later(group, event)))

    world.to_channels = hand_over
    figures = (await stage.play()).figures
    assert figures.exit_code is ExitCode.DONE


async def test_a_server_that_closes_a_socket_is_told_and_its_frames_are_lost(
    stage: Stage,
) -> None:
    world = stage.world

    async def close_first(group: str, event: dict[str, Any]) -> None:
        for socket in tuple(world.sockets["channels", group]):
            await socket.close(1012)
        world.to_channels = world.deliver_to_channels

    world.to_channels = close_first
    figures = (await stage.play(quiet_s=0.3)).figures
    assert figures.exit_code is ExitCode.REFUSED
    assert figures.servers["channels"].lost > 0
    assert "CLOSED by the new server" in stage.printed


async def test_a_door_that_does_not_move_is_no_success(stage: Stage) -> None:
    stage.world.set_share = lambda _percent: None  # type: ignore[method-assign]
    figures = (await stage.play()).figures
    assert figures.exit_code is ExitCode.REFUSED
    assert figures.front_door.clean
    assert "set to 100 % and its clients were elsewhere" in stage.printed


async def test_a_site_that_fails_ends_the_demo_and_all_clients_leave(stage: Stage) -> None:
    world = stage.world
    world.answers["POST", "/api/chats/room1/messages/"] = [httpx.Response(500)]
    with pytest.raises(SiteError, match="answered 500 instead of 201"):
        await stage.play()
    await eventually(lambda: not any(world.sockets.values()))


async def test_a_log_gets_few_lines_and_no_control_characters(stage: Stage) -> None:
    await stage.play()
    assert all(sign.isprintable() or sign == "\n" for sign in stage.printed)
    assert len(stage.printed.splitlines()) < 40
    assert "Front door moved to 50 %: 2 clients on the old server, 2 on the new" in (stage.printed)
    assert "Every client got every frame exactly once, in order" in stage.printed
