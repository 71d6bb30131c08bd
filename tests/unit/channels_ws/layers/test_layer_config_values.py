from __future__ import annotations

import math
from typing import Any

import pytest

from channels_ws.layers.config_values import check_seconds


@pytest.mark.parametrize("value", [0, -1, "5", True, None, math.inf, math.nan])
def test_what_is_no_time_is_refused_with_its_name(value: Any) -> None:
    with pytest.raises(ValueError, match="heartbeat has to be a number of seconds above 0"):
        check_seconds(retention=300, heartbeat=value)


def test_times_may_be_fractions() -> None:
    check_seconds(heartbeat=0.5, dead_after=4)
