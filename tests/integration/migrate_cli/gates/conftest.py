"""A site whose gates are asked: its servers, its bridge, and where its cutover stands."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gate_site import GateSite, Meanwhile
from project import Project, wait_until
from site_fixtures import migrated_database, project, relay, relayed_url

__all__ = ["migrated_database", "project", "relay", "relayed_url"]


@pytest.fixture
def gate_site(project: Project, tmp_path: Path) -> GateSite:
    return GateSite(project, tmp_path)


@pytest.fixture
def served(gate_site: GateSite) -> GateSite:
    """With the new server and a bridge, before the stage ``canary``."""
    url, _ = gate_site.project.start_server()
    gate_site.bridge = gate_site.project.start_bridge()
    gate_site.gates["channels_url"] = url
    gate_site.put_at("shadow")
    return gate_site


@pytest.fixture
def meanwhile(gate_site: GateSite) -> Iterator[Meanwhile]:
    """Do something once the gates have begun to listen. What it raises fails the test."""
    failures: list[BaseException] = []
    threads: list[threading.Thread] = []

    def later(act: Callable[[], object]) -> None:
        def run() -> None:
            try:
                wait_until(gate_site.is_listened_to)
                act()
            except BaseException as error:
                failures.append(error)

        threads.append(threading.Thread(target=run))
        threads[-1].start()

    yield later
    for thread in threads:
        thread.join(90)
    assert failures == []
