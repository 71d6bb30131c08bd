"""What ``dead-letters purge`` deletes is what ``list`` with the same filters shows, and no more."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from project import SITE, Project

INBOXES = ("wsmigrate.inbox.0", "wsmigrate.inbox.5")
REASONS = ("not-utf-8", "too-large")
ROOMS = ("kitchen", "lobby")
EACH = 2
"""So many of each kind wait, and so many were replayed."""

Answer = tuple[int, str]


@pytest.fixture
def project(project: Project) -> Project:
    """With 32 dead letters: each inbox, reason and room, half of them replayed."""
    keep_letters(project)
    return project


def keep_letters(project: Project) -> None:
    project.execute("TRUNCATE wsmigrate_dead_letter RESTART IDENTITY")
    project.execute("DELETE FROM wsmigrate_cursor WHERE inbox LIKE 'wsmigrate.replay.%'")
    kinds = itertools.product(INBOXES, REASONS, ROOMS, (False, True), range(EACH))
    with psycopg.connect(project.postgres_dsn) as connection:
        connection.cursor().executemany(
            "INSERT INTO wsmigrate_dead_letter (inbox, position, reason, explanation, room,"
            " properties, body, size, replayed_at)"
            " VALUES (%s, %s, %s, 'why', %s, '{}', 'x', 1, CASE WHEN %s THEN now() END)",
            [
                (inbox, position, reason, room, replayed)
                for position, (inbox, reason, room, replayed, _) in enumerate(kinds)
            ],
        )
    project.execute(
        'INSERT INTO wsmigrate_cursor (inbox, "offset", moved_at)'
        " SELECT 'wsmigrate.replay.' || id, 1, now() FROM wsmigrate_dead_letter"
        " WHERE replayed_at IS NOT NULL"
    )


def commands(project: Project, *lines: str) -> list[Answer]:
    ended = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("letter_commands.py"))],
        cwd=SITE,
        env=project.environment,
        input=json.dumps([line.split() for line in lines]),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return [(code, said) for code, said in json.loads(ended.stdout)]


def ids_in(said: str) -> set[int]:
    return {letter["id"] for letter in json.loads(said)}


def kept(project: Project) -> set[int]:
    return {row[0] for row in project.execute("SELECT id FROM wsmigrate_dead_letter")}


FILTERS = {
    "--all": 32,
    "--replayed": 16,
    "--all --replayed": 16,
    f"--all --inbox {INBOXES[0]}": 16,
    "--all --reason too-large": 16,
    "--all --room lobby": 16,
    "--replayed --room lobby": 8,
    f"--all --inbox {INBOXES[1]} --reason not-utf-8": 8,
    f"--all --inbox {INBOXES[1]} --reason not-utf-8 --room kitchen": 4,
    f"--replayed --inbox {INBOXES[1]} --reason not-utf-8 --room kitchen": 2,
    "--all --room nowhere": 0,
    "3": 1,
    "3 4 5 6 7": 5,
    "3 4 5 6 7 --replayed": 3,  # 3 and 4 were replayed, 5 and 6 were not, 7 was
    "1 2 30 31 --room kitchen": 2,
    "1 2 999": 2,
}


@pytest.mark.parametrize("which", FILTERS)
def test_purge_deletes_what_list_shows_and_without_execute_nothing(
    project: Project, which: str
) -> None:
    everything = kept(project)
    assert len(everything) == 32
    listed, counted = commands(project, f"list {which} --json", f"purge {which}")
    shown = ids_in(listed[1])
    assert len(shown) == FILTERS[which]
    assert counted == (
        0,
        f"{len(shown)} dead letters would be deleted. Nothing was: add --execute.\n",
    )
    assert kept(project) == everything
    purged, again = commands(project, f"purge {which} --execute", f"list {which} --json")
    assert purged == (0, f"{len(shown)} dead letters deleted.\n")
    assert ids_in(again[1]) == set()
    assert kept(project) == everything - shown
    # What kept them from being replayed twice goes with them, and nothing else.
    marks = {
        int(row[0].rpartition(".")[2])
        for row in project.execute(
            "SELECT inbox FROM wsmigrate_cursor WHERE inbox LIKE 'wsmigrate.replay.%'"
        )
    }
    replayed = {
        row[0]
        for row in project.execute(
            "SELECT id FROM wsmigrate_dead_letter WHERE replayed_at IS NOT NULL"
        )
    }
    assert marks == replayed


@pytest.mark.parametrize("which", ["", "--room lobby", "3 --all", "--inbox x --reason y"])
def test_purge_has_to_be_told_which(project: Project, which: str) -> None:
    ((code, said),) = commands(project, f"purge {which} --execute")
    assert code == 2
    assert "Say which dead letters are meant" in said
    assert len(kept(project)) == 32


def test_a_list_that_is_cut_off_says_so(project: Project) -> None:
    """A purge would delete more than it shows."""
    cut, whole = commands(project, "list --all --limit 31", "list --all --limit 32")
    assert "There are more than 31: raise --limit." in cut[1]
    assert "There are more" not in whole[1]
