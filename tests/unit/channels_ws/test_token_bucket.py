from __future__ import annotations

import pytest

from channels_ws.token_bucket import BucketsByName, Rate, TokenBucket


def taken(bucket: TokenBucket, now: float, tries: int = 100) -> int:
    return sum(bucket.reserve(now) is not None for _ in range(tries))


def test_a_burst_and_then_the_rate() -> None:
    bucket = TokenBucket(Rate(2.0, 5), now=100.0)
    assert taken(bucket, 100.0) == 5
    assert taken(bucket, 101.0) == 2
    assert taken(bucket, 101.4) == 0
    assert taken(bucket, 101.5) == 1
    assert taken(bucket, 1000.0) == 5


def test_who_is_patient_is_told_how_long_to_wait_and_keeps_its_place() -> None:
    bucket = TokenBucket(Rate(10.0, 1), now=0.0)
    assert [bucket.reserve(0.0, patience_s=0.25) for _ in range(4)] == [
        0.0,
        pytest.approx(0.1),
        pytest.approx(0.2),
        None,
    ]
    assert bucket.reserve(0.1, patience_s=0.25) == pytest.approx(0.2)


def test_a_clock_that_goes_back_gives_nothing() -> None:
    bucket = TokenBucket(Rate(1.0, 1), now=10.0)
    assert taken(bucket, 10.0) == 1
    assert taken(bucket, 5.0) == 0
    assert taken(bucket, 10.5) == 0


class TestBucketsByName:
    def test_names_do_not_share(self) -> None:
        buckets = BucketsByName(Rate(1.0, 2))
        assert [buckets.take("a", 0.0) for _ in range(3)] == [True, True, False]
        assert buckets.take("b", 0.0)

    def test_a_name_that_was_quiet_is_forgotten(self) -> None:
        buckets = BucketsByName(Rate(1.0, 2))
        for number in range(50):
            buckets.take(f"name-{number}", 0.0)
        assert len(buckets) == 50
        for number in range(50):
            buckets.take(f"other-{number}", 10.0 + number)
        assert len(buckets) <= 3

    def test_there_are_never_more_than_its_size(self) -> None:
        buckets = BucketsByName(Rate(0.001, 1), size=100)
        for number in range(1000):
            assert buckets.take(f"name-{number}", 0.0)
        assert len(buckets) == 100
        assert not buckets.take("name-999", 0.0)

    def test_one_that_goes_on_asking_is_not_forgotten(self) -> None:
        buckets = BucketsByName(Rate(0.001, 1), size=10)
        assert buckets.take("busy", 0.0)
        for number in range(100):
            buckets.take(f"name-{number}", 0.0)
            assert not buckets.take("busy", 0.0)
