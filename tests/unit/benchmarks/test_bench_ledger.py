"""Accounting for frames."""

from __future__ import annotations

from benchmarks.ledger import Account, Ledger, account_of_count


def ledger_of(*frames: tuple[int, int]) -> Ledger:
    ledger = Ledger()
    for sender, sequence in frames:
        ledger.enter(sender, sequence)
    return ledger


def test_each_frame_once_and_in_order_is_clean() -> None:
    account = ledger_of((1, 0), (2, 0), (1, 1), (2, 1)).account({1: 2, 2: 2})
    assert account == Account()
    assert account.clean


def test_a_frame_that_never_came_is_lost() -> None:
    assert ledger_of((1, 0), (1, 2)).account({1: 3}) == Account(lost=1)


def test_frames_missing_at_the_end_are_lost() -> None:
    assert ledger_of((1, 0)).account({1: 3}) == Account(lost=2)


def test_all_frames_of_a_sender_that_nobody_heard_of_are_lost() -> None:
    assert ledger_of().account({7: 2}) == Account(lost=2)


def test_a_frame_that_comes_twice_is_duplicated() -> None:
    assert ledger_of((1, 0), (1, 1), (1, 0)).account({1: 2}) == Account(duplicated=1)


def test_a_frame_that_comes_late_is_out_of_order_and_not_lost() -> None:
    assert ledger_of((1, 0), (1, 2), (1, 1)).account({1: 3}) == Account(out_of_order=1)


def test_senders_may_overtake_one_another() -> None:
    assert ledger_of((2, 0), (2, 1), (1, 0)).account({1: 1, 2: 2}).clean


def test_a_count_shows_what_is_missing_and_what_is_too_much() -> None:
    assert account_of_count(received=8, published=10) == Account(lost=2)
    assert account_of_count(received=12, published=10) == Account(duplicated=2)
    assert account_of_count(received=10, published=10).clean
