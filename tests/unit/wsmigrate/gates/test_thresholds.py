from __future__ import annotations

import pytest

from wsmigrate.errors import ConfigError
from wsmigrate.gates.thresholds import Thresholds, thresholds_of


def test_what_is_left_out_is_as_usual() -> None:
    assert thresholds_of({}) == Thresholds()
    assert thresholds_of({"lag_s": 2}) == Thresholds(lag_s=2.0)


@pytest.mark.parametrize(
    "table",
    [
        {"lags": 1},
        {"lag_s": "1"},
        {"lag_s": -1},
        {"lag_s": True},
        {"lag_s": float("nan")},
        {"lag_s": float("inf")},
        {"policy_share": 1.1},
        {"least_frames": 0},
        [],
    ],
)
def test_what_cannot_be_is_refused(table: object) -> None:
    with pytest.raises(ConfigError, match=r"gates\.thresholds"):
        thresholds_of(table)
