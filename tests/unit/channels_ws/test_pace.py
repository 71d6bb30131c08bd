from __future__ import annotations

import pytest

from channels_ws.pace import ClosingPace


@pytest.mark.parametrize(
    ("pace", "elapsed_s", "due"),
    [
        (ClosingPace(100, 50, 10), 0.0, 0),
        (ClosingPace(100, 50, 10), 1.0, 50),
        (ClosingPace(100, 50, 10), 1.99, 99),
        (ClosingPace(100, 50, 10), 5.0, 100),
        (ClosingPace(100, 1, 10), 5.0, 50),  # faster than asked for, or it would take too long
        (ClosingPace(100, 1, 10), 10.0, 100),
        (ClosingPace(100, 50, 0), 0.0, 100),
        (ClosingPace(0, 50, 10), 0.0, 0),
    ],
)
def test_what_is_due(pace: ClosingPace, elapsed_s: float, due: int) -> None:
    assert pace.due(elapsed_s) == due
