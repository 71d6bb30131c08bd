"""The operator of a rehearsal, whose commands end or are ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from dev_stack.rehearsal.site_operator import Operator
from wsmigrate.errors import UnavailableError


def test_a_command_that_takes_too_long_is_ended_and_named(tmp_path: Path) -> None:
    operator = Operator(tmp_path / "wsmigrate.toml", tmp_path, {}, within_s=0.01)
    with pytest.raises(UnavailableError, match="`wsmigrate status` was not over within 0 s"):
        operator.run("status")
    assert operator.kill() is False
