"""Medians, ratios and targets."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.figures import (
    Round,
    percentile,
    ratio_of_rounds,
    ratios_of_rounds,
    rows_of_rounds,
    targets_of_rounds,
)
from benchmarks.ledger import Account


def round_of(server: str, frames_per_s: float, *, number: int = 0, room_size: int = 100) -> Round:
    return Round(
        server,
        room_size,
        number,
        frames_per_s=frames_per_s,
        server_cpu=0.5,
        service_cpu=0.5,
        client_cpu=0.4,
    )


def test_a_row_has_the_median_of_its_rounds() -> None:
    rounds = [round_of("limit", speed, number=n) for n, speed in enumerate((10.0, 90.0, 20.0))]
    (row,) = rows_of_rounds(rounds)
    assert row.frames_per_s == 20.0
    assert row.frames_per_server_cpu_s == 40.0
    assert row.frames_per_cpu_s == 20.0
    assert row.rounds == 3


def test_a_frame_takes_the_cpu_of_each_part() -> None:
    (row,) = rows_of_rounds([round_of("limit", 50_000)])
    assert row.cpu_us_per_frame("server") == 10.0
    assert row.cpu_us_per_frame("client") == 8.0


def test_frames_amiss_are_added_up_not_averaged() -> None:
    clean = round_of("stock", 10)
    lossy = replace(clean, number=1, account=Account(lost=1, duplicated=2))
    (row,) = rows_of_rounds([clean, lossy, replace(clean, number=2)])
    assert (row.lost, row.duplicated, row.clean) == (1, 2, False)


def test_a_server_that_closed_sockets_is_not_clean() -> None:
    (row,) = rows_of_rounds([replace(round_of("stock", 10), closed=1)])
    assert not row.clean


def test_a_round_whose_client_was_too_busy_is_void() -> None:
    assert replace(round_of("limit", 10), client_cpu=0.8).void is None
    assert "0.81" in str(replace(round_of("limit", 10), client_cpu=0.81).void)


def test_a_row_counts_its_valid_rounds_only() -> None:
    busy = replace(round_of("limit", 1000, number=1), client_cpu=0.9)
    (row,) = rows_of_rounds([round_of("limit", 10), busy])
    assert (row.frames_per_s, row.void, row.rounds) == (10, None, 1)


def test_a_row_without_a_valid_round_is_void() -> None:
    (row,) = rows_of_rounds([replace(round_of("limit", 10), client_cpu=0.9)])
    assert row.void is not None
    assert row.frames_per_s == 10


def test_a_row_that_could_not_be_measured_has_no_figures() -> None:
    (row,) = rows_of_rounds([Round("stock", 1, 0, failure="it did not start")])
    assert (row.frames_per_s, row.p50_ms, row.void) == (None, None, "it did not start")


def test_a_ratio_compares_within_rounds() -> None:
    """The machine was ten times slower in the second round, for both."""
    rounds = [
        round_of("wsmigrate", 80, number=0),
        round_of("limit", 100, number=0),
        round_of("wsmigrate", 8, number=1),
        round_of("limit", 10, number=1),
    ]
    assert ratio_of_rounds(rounds, "wsmigrate", "limit", 100).frames_per_s == 0.8


def test_nothing_is_compared_with_a_void_round() -> None:
    rounds = [round_of("wsmigrate", 80), replace(round_of("limit", 100), client_cpu=0.9)]
    assert ratio_of_rounds(rounds, "wsmigrate", "limit", 100).frames_per_s is None


def test_every_pair_of_servers_has_a_ratio() -> None:
    ratios = ratios_of_rounds([round_of("stock", 1), round_of("limit", 2)])
    assert {(r.server, r.of, r.frames_per_s) for r in ratios} == {
        ("stock", "limit", 0.5),
        ("limit", "stock", 2.0),
    }


def test_a_target_is_met_missed_or_without_figures() -> None:
    slow = [round_of("wsmigrate", 89), round_of("limit", 100)]
    fast = [round_of("wsmigrate", 90), round_of("limit", 100)]
    void = [round_of("wsmigrate", 90), replace(round_of("limit", 100), client_cpu=1)]
    assert [[t.met for t in targets_of_rounds(run)] for run in (slow, fast, void)] == [
        [False],
        [True],
        [None],
    ]


def test_targets_that_were_not_measured_are_not_judged() -> None:
    assert targets_of_rounds([round_of("stock", 1), round_of("limit", 2)]) == []


def test_percentiles_are_values_that_occurred() -> None:
    assert percentile([1, 2, 3, 4], 0.5) == 2
    assert percentile([1, 2, 3, 4], 0.99) == 4
    assert percentile([], 0.5) is None
