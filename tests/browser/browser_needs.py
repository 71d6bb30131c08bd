"""What is said when a browser, or something else that a page needs, cannot be had."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def could_not_run(reason: str) -> NoReturn:
    """Skip the test, or fail it in CI, for want of something."""
    if os.environ.get("CI"):
        pytest.fail(f"could not run: {reason}")
    pytest.skip(f"could not run: {reason}")
