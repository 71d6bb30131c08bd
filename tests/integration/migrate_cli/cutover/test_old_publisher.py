"""A publisher in the old environment (Python 3.9, Django 2.2, psycopg2) follows the state too."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from audience import Audience
from cutover_site import Load, Operator, going_on, listening, settled
from project import ROOT, Project
from seed_env import NO_PYTHON, seed_python


async def test_an_old_publisher_is_switched_there_and_back(
    project: Project, load: Load, operator: Operator
) -> None:
    python = await asyncio.to_thread(seed_python)
    if python is None:
        pytest.skip(NO_PYTHON)
    await asyncio.to_thread(project.start_bridge)
    async with Audience() as audience:
        await listening(project, load, audience, servers=1)
        load.start(
            "old",
            python=str(python),
            DJANGO_SETTINGS_MODULE="old_site_settings",
            PYTHONPATH=f"{Path(__file__).parent}:{ROOT}",
        )
        await going_on(load)
        for backend in ("both", "channels", "both", "rabbitmq"):
            flags = ["--old-clients-get-nothing"] if backend == "channels" else []
            said = await asyncio.to_thread(
                operator.done, "notify", "set", backend, "--execute", *flags
            )
            assert "the one live publisher applies revision" in said
            await going_on(load)
        await settled(load, audience, at_least=100)
