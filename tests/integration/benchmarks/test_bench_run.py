"""A run over servers that are not as they should be."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.figures import Round, Row, rows_of_rounds
from benchmarks.kinds import ServerKind
from benchmarks.plan import QUICK
from benchmarks.run import Options, run

LOSSY = ServerKind(
    "lossy",
    "the bare server with faults",
    "tests.integration.benchmarks.lossy_server:application",
    None,
    "trigger",
)


def row_of(kind: ServerKind) -> Row:
    options = Options(
        kinds=(kind,),
        room_sizes=(10,),
        rounds=1,
        times=replace(QUICK, drain_s=2.0),
        anew=True,
        fsync=False,
    )
    rounds: list[Round] = []
    run(options, lambda _sentence: None, rounds.append)
    (row,) = rows_of_rounds(rounds)
    return row


def test_frames_that_a_server_loses_doubles_and_swaps_are_counted() -> None:
    row = row_of(LOSSY)
    assert row.void is None, row
    assert row.lost > 0
    assert row.duplicated > 0
    assert row.out_of_order > 0
    assert not row.clean


def test_a_server_that_does_not_start_is_no_figure() -> None:
    row = row_of(replace(LOSSY, application="benchmarks.servers.nothing:application"))
    assert row.frames_per_s is None
    assert "does not start" in str(row.void)
