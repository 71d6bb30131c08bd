from __future__ import annotations

from channels_ws.inbound.rate import TokenBucket


def test_a_burst_passes_at_once_and_then_so_many_a_second() -> None:
    bucket = TokenBucket(per_second=2, burst=3, now=100.0)
    assert [bucket.take(100.0) for _ in range(4)] == [True, True, True, False]
    assert not bucket.take(100.4)
    assert bucket.take(100.5)
    assert not bucket.take(100.5)


def test_a_long_silence_saves_up_no_more_than_a_burst() -> None:
    bucket = TokenBucket(per_second=2, burst=3, now=0.0)
    assert [bucket.take(3600.0) for _ in range(4)] == [True, True, True, False]
