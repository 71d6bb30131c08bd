"""``convert --finish`` goes by the stage that the database of a cutover has."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from psycopg.types.json import Jsonb

from cutover_site import Operator
from project import Project
from wsmigrate.config import NotifyBackend
from wsmigrate.cutover_record import record_of_state
from wsmigrate.rungs import Rung, Stage, ladder
from wsmigrate.stages import Advance, Rollback, State, step

RETIRED = ladder()[-1]


@pytest.fixture
def converted(tmp_path: Path) -> Path:
    folder = tmp_path / "converted"
    folder.mkdir()
    (folder / "settings.py").write_text("DATABASES = {}\n")
    return folder


def stand(project: Project, state: State) -> None:
    with psycopg.connect(project.postgres_dsn, autocommit=True) as connection:
        connection.execute(
            "UPDATE wsmigrate_state SET stage = %s, machine = %s",
            (state.rung.name, Jsonb(record_of_state(state))),
        )


def finish(operator: Operator, folder: Path, *words: str) -> tuple[int, str]:
    ended = operator.run("convert", str(folder), "--finish", *words)
    return ended.returncode, ended.stderr


def test_at_the_stage_retired_it_goes_on(
    project: Project, operator: Operator, converted: Path
) -> None:
    stand(project, State(rung=RETIRED))
    assert finish(operator, converted, "--stage-is", "direct")[0] == 0


@pytest.mark.parametrize(
    "rung",
    [ladder()[2], ladder()[-2], Rung(Stage.RETIRED, 100, NotifyBackend.BOTH)],
    ids=lambda rung: rung.name,
)
def test_at_any_other_it_refuses_whatever_is_typed(
    project: Project, operator: Operator, converted: Path, rung: Rung
) -> None:
    stand(project, State(rung=rung))
    code, said = finish(operator, converted, "--stage-is", "retired")
    assert code == 1
    assert f"the stage is {rung.name!r}" in said
    assert "Nothing was changed." in said


@pytest.mark.parametrize("way", ["to", "from"])
def test_in_the_middle_of_a_step_it_refuses(
    project: Project, operator: Operator, converted: Path, way: str
) -> None:
    below = ladder()[-2]
    state, event = (
        (State(rung=below), Advance()) if way == "to" else (State(rung=RETIRED), Rollback(below))
    )
    stand(project, step(state, event)[0])
    code, said = finish(operator, converted, "--stage-is", "retired")
    assert code == 1
    assert "->" in said


def test_where_no_cutover_has_begun_the_operators_word_counts(
    operator: Operator, converted: Path
) -> None:
    code, said = finish(operator, converted)
    assert code == 1
    assert "no cutover has been recorded there" in said
    assert finish(operator, converted, "--stage-is", "retired")[0] == 0


def test_a_cutover_that_stands_at_its_beginning_by_its_audit_log_is_one(
    operator: Operator, converted: Path
) -> None:
    operator.done("pause", "--execute")
    code, said = finish(operator, converted, "--stage-is", "retired")
    assert code == 1
    assert "the stage is 'legacy'" in said
