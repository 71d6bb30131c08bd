"""Whole projects: on their old stack before, converted, and on the current one after."""

from __future__ import annotations

import shutil
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from site_process import (
    PROJECTS,
    ROOT,
    SiteProcess,
    layer_variables,
    listening,
    recorded,
    replayed,
)

from migrate_cli.__main__ import main
from old_notifs import old_notifs_folder
from old_packages import old_packages
from seed_env import NO_PYTHON, seed_python

CURRENT = Path(sys.executable)
TEXTS = ["one", "zwei ☕", "", "4" * 300]


@dataclass(frozen=True)
class Fixture:
    """How a fixture project is used. ``{room}`` stands for a room of the test's own."""

    name: str
    settings: str
    module: str
    path: str
    field: str
    texts: list[str]
    room: str = "{room}"
    old_notifs: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    edited: frozenset[str] = frozenset()


FIXTURES = [
    Fixture(
        "tutorial",
        settings="parley.settings",
        module="websocket",
        path="/api/rooms/{room}/messages/",
        field="text",
        texts=TEXTS[:2] + TEXTS[3:],
        old_notifs="2",
        variables={"PARLEY_DB": "{folder}/site.sqlite3"},
    ),
    Fixture(
        "split",
        settings="config.settings.dev",
        module="deploy.push",
        path="/teams/{number}/say/",
        field="text",
        texts=TEXTS,
        room="team-{number}",
        old_notifs="3",
        variables={
            "SPLIT_DB": "{folder}/site.sqlite3",
            "JOURNAL": "{folder}/journal.txt",
            "EAGER": "1",
        },
    ),
    Fixture(
        "half",
        settings="bureau.settings",
        module="realtime.sockets",
        path="/ring/{room}/",
        field="times",
        texts=["1", "2", "3"],
        variables={"BUREAU_DB": "{folder}/site.sqlite3"},
    ),
]


@pytest.fixture(params=FIXTURES, ids=lambda one: one.name)
def fixture(request: pytest.FixtureRequest) -> Fixture:
    found: Fixture = request.param
    return found


@pytest.fixture
def start(
    fixture: Fixture,
    amqp_url: str,
    new_database: Callable[[], str],
    tmp_path: Path,
    free_port: Callable[[], int],
) -> Iterator[Callable[..., SiteProcess]]:
    """Lay the fixture project into a folder, to be run by a Python."""
    sites: list[SiteProcess] = []
    layer = layer_variables(new_database())

    def lay(name: str, python: Path, *on_path: Path) -> SiteProcess:
        folder = tmp_path / name
        shutil.copytree(PROJECTS / fixture.name, folder)
        variables = {
            key: value.format(folder=folder) for key, value in fixture.variables.items()
        } | layer
        variables |= {
            "RABBIT_URL": amqp_url,
            "DJANGO_SETTINGS_MODULE": fixture.settings,
            "PYTHONPATH": ":".join(map(str, [folder, *on_path])),
        }
        sites.append(SiteProcess(folder, python, variables, free_port))
        return sites[-1]

    yield lay
    for site in sites:
        site.stop()


def old_side(fixture: Fixture, start: Callable[..., SiteProcess]) -> SiteProcess:
    if not fixture.old_notifs:
        return start("before", CURRENT, ROOT)
    python = seed_python()
    if python is None:
        pytest.skip(NO_PYTHON)
    notifs = (
        old_packages(python, "django-notifs-2.txt")
        if fixture.old_notifs == "2"
        else old_notifs_folder()
    )
    return start("before", python, notifs, old_packages(python, "legacy-celery.txt"))


def convert(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["convert", *arguments])
    return int(ended.value.code or 0)


def prepare(site: SiteProcess, *databases: str) -> None:
    for database in databases:
        site.run("manage.py", "migrate", "--database", database)
    site.run("manage.py", "test")


def test_before_and_after_clients_get_the_same(
    fixture: Fixture,
    start: Callable[..., SiteProcess],
    capsys: pytest.CaptureFixture[str],
    amqp_url: str,
    tmp_path: Path,
) -> None:
    number = uuid.uuid4().int % 1_000_000
    words = {"room": f"room-{number}", "number": number}
    path, room = fixture.path.format(**words), fixture.room.format(**words)
    count = len(fixture.texts)

    before = old_side(fixture, start)
    prepare(before, "default")
    old_server = before.start_old_server(fixture.module)
    recording = tmp_path / "old.jsonl"
    with recorded(old_server, room, recording, count), listening(f"{old_server}/{room}") as frames:
        before.post(path, fixture.field, fixture.texts)
        (expected,) = frames(count)
    before.stop()

    after = start("after", CURRENT, ROOT)
    assert convert(str(after.folder), "--write") == 0
    assert convert(str(after.folder), "--check") == 0, capsys.readouterr().out
    prepare(after, "default", "channels_postgres")
    after.run("manage.py", "check")
    after.start_bridge()
    servers = [after.start_new_server(), after.start_old_server(fixture.module)]
    with listening(*(f"{server}/{room}" for server in servers)) as frames:
        after.post(path, fixture.field, fixture.texts)
        new, old = frames(count)
    assert new == expected
    assert old == expected
    same = replayed(recording, servers[0], amqp_url)
    assert same.returncode == 0, same.stdout + same.stderr
    after.stop()

    assert convert(str(after.folder), "--finish", "--stage-is", "retired", "--write") == 0
    (after.folder / "site.sqlite3").unlink()  # ids begin anew
    prepare(after, "default")
    with listening(f"{after.start_new_server()}/{room}") as frames:
        after.post(path, fixture.field, fixture.texts)
        assert frames(count) == [expected]
