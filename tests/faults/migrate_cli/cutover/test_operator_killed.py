"""The operator's command is killed at every point of a step: the next one goes on, or undoes, and
no client notices."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from audience import Audience
from cutover_site import Load, Operator, listening, publishing, settled
from project import SITE, Project, wait_until

SCRIPT = Path(__file__).with_name("doomed_operator.py")
POINTS = ("begin", "started", "acted", "ended")
UP = ("publish-to", "pass-barrier", "unbind-rooms")
DOWN = ("bind-rooms", "publish-to")

Death = tuple[str, str, str]
"""At which point of which command, on the way to which backend."""


def killed_at(project: Project, point: str, command: str, backend: str) -> None:
    """Switch, and die."""
    done = subprocess.run(
        [sys.executable, SCRIPT, point, command, backend],
        cwd=SITE,
        env=project.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr


def taken_over(operator: Operator, word: str) -> str:
    """Have the next operator resume or abort; where it stands then. (Killed at the very end there
    is nothing left to do.)"""
    before = operator.json("status")
    assert before["operator"] is not None, "the dead still hold the lock"
    if before["goal"] is None:
        return str(before["rung"])
    operator.done(word, "--execute")
    return str(operator.json("status")["rung"])


async def whatever_happens(
    project: Project, load: Load, operator: Operator, deaths: list[Death]
) -> None:
    """Each death in its turn, under load, from where it can be died."""
    ways_up = [death for death in deaths if death[2] == "channels"]
    ways_down = [death for death in deaths if death[2] == "both"]
    await asyncio.to_thread(project.start_bridge)
    async with Audience() as audience:
        await listening(project, load, audience, servers=1)
        await publishing(load, "one")
        await asyncio.to_thread(operator.done, "notify", "set", "both", "--execute")
        rung = "legacy both"
        while ways_up or ways_down:
            if rung == "legacy both" and ways_up:
                death = ways_up.pop()
            elif rung == "legacy channels" and ways_down:
                death = ways_down.pop()
            else:
                back = "channels" if rung == "legacy both" else "both"
                flags = ["--old-clients-get-nothing"] if back == "channels" else []
                await asyncio.to_thread(operator.done, "notify", "set", back, "--execute", *flags)
                rung = f"legacy {back}"
                continue
            await asyncio.to_thread(killed_at, project, *death)
            word = "abort" if len(ways_up) % 3 == 1 else "resume"
            goal = f"legacy {death[2]}"
            before, rung = rung, await asyncio.to_thread(taken_over, operator, word)
            assert rung in {before, goal}
            status = await asyncio.to_thread(operator.json, "status")
            assert status["notify_backend"] == rung.split()[-1]
            assert status["binds_rooms"] == (rung != "legacy channels")
            assert status["barrier_out"]
            assert status["operator"] is None
        await settled(load, audience, at_least=100)


async def test_a_kill_before_and_after_a_command_takes_effect(
    project: Project, load: Load, operator: Operator
) -> None:
    deaths = [
        ("acted", "publish-to", "channels"),
        ("started", "pass-barrier", "channels"),
        ("acted", "bind-rooms", "both"),
    ]
    await whatever_happens(project, load, operator, deaths)


@pytest.mark.long
async def test_a_kill_at_every_point_of_every_command(
    project: Project, load: Load, operator: Operator
) -> None:
    deaths = [(point, command, "channels") for command in UP for point in POINTS]
    deaths += [(point, command, "both") for command in DOWN for point in POINTS]
    await whatever_happens(project, load, operator, deaths)


@pytest.mark.long
async def test_kills_at_any_moment(project: Project, load: Load, operator: Operator) -> None:
    seed = int(os.environ.get("WSMIGRATE_SEED", time.time_ns()))
    print(f"WSMIGRATE_SEED={seed}")
    moments = random.Random(seed)
    await asyncio.to_thread(project.start_bridge)
    async with Audience() as audience:
        await listening(project, load, audience, servers=1)
        await publishing(load, "one", "two")
        for backend in ["both", *["channels", "both"] * 6]:
            flags = ["--old-clients-get-nothing"] if backend == "channels" else []
            words = ("-m", "migrate_cli", "notify", "set", backend, "--execute", *flags)
            process = project.start(*words, log="doomed")
            await asyncio.sleep(moments.uniform(0.5, 3.5))
            process.kill()
            await asyncio.to_thread(process.wait, 10)
            status = await asyncio.to_thread(operator.json, "status")
            if status["goal"] is not None:
                await asyncio.to_thread(operator.done, "resume", "--execute")
            elif status["notify_backend"] != backend:
                await asyncio.to_thread(
                    operator.done, "notify", "set", backend, "--execute", *flags
                )
            status = await asyncio.to_thread(operator.json, "status")
            assert status["notify_backend"] == backend
        await settled(load, audience, at_least=200)


def test_a_second_operator_is_refused_and_may_ask_for_a_pause(
    project: Project, operator: Operator
) -> None:
    at_work = project.start("-m", "migrate_cli", "notify", "set", "both", "--execute", log="first")
    try:
        wait_until(lambda: operator.json("status")["operator"] is not None)
        refused = operator.run("notify", "set", "both", "--execute")
        assert refused.returncode == 1
        assert "is at work on this cutover (notify set both" in refused.stderr
        assert "was asked: pause" in operator.done("pause", "--execute")
    finally:
        at_work.kill()
        at_work.wait(10)


def test_an_operator_who_was_frozen_and_taken_over_changes_nothing_any_more(
    project: Project, operator: Operator
) -> None:
    frozen = project.start("-m", "migrate_cli", "notify", "set", "both", "--execute", log="frozen")
    wait_until(lambda: operator.json("status")["doing"] is not None)
    frozen.send_signal(signal.SIGSTOP)
    outdated = "UPDATE wsmigrate_operator SET seen_at = now() - interval '1 minute'"
    project.execute(outdated)
    operator.done("abort", "--execute")
    frozen.send_signal(signal.SIGCONT)
    assert frozen.wait(60) == 1
    assert "Another operator has taken over" in project.log("frozen")()
    status = operator.json("status")
    assert (status["rung"], status["goal"], status["notify_backend"]) == (
        "legacy",
        None,
        "rabbitmq",
    )
