"""The layer's tables come and go with ``manage.py migrate``."""

from __future__ import annotations

import psycopg

from project import Project


def tables(project: Project) -> set[str]:
    with psycopg.connect(project.postgres_dsn) as connection:
        rows = connection.execute(
            "SELECT tablename FROM pg_tables WHERE tablename LIKE 'wsmigrate%'"
        ).fetchall()
    return {name for (name,) in rows}


def functions(project: Project) -> set[str]:
    with psycopg.connect(project.postgres_dsn) as connection:
        rows = connection.execute(
            "SELECT proname FROM pg_proc WHERE proname LIKE 'wsmigrate%'"
        ).fetchall()
    return {name for (name,) in rows}


def migrate(project: Project, *words: str) -> None:
    project.run("manage.py", "migrate", "channels_ws", *words, "--database", "channels_postgres")


def test_they_are_made_taken_back_without_a_trace_and_made_again(project: Project) -> None:
    migrate(project)
    made = tables(project), functions(project)
    assert "wsmigrate_message" in made[0]
    migrate(project, "zero")
    assert (tables(project), functions(project)) == (set(), set())
    migrate(project)
    assert (tables(project), functions(project)) == made
