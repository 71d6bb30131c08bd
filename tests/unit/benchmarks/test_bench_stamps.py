from __future__ import annotations

from benchmarks.relaying.stamps import BODY_BYTES, added_ms, at_share, body_of, number_of


def test_a_body_has_its_size_and_its_number() -> None:
    body = body_of(123, 10**18)
    assert len(body) == BODY_BYTES
    assert number_of(body) == 123


def test_what_the_relay_adds_is_counted_of_messages_that_both_have_heard() -> None:
    assert added_ms({1: 0, 2: 0, 3: 0}, {1: 3_000_000, 2: 1_000_000}) == [1.0, 3.0]


def test_a_share_of_no_values_is_none() -> None:
    assert at_share([], 0.5) is None
    assert at_share([1.0, 2.0, 3.0], 0.99) == 3.0
