"""The tests can all be collected."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

TESTS = Path(__file__).parents[1]


def test_no_two_test_files_share_a_name() -> None:
    """pytest imports each by its bare name, and takes the second one of a name for the first."""
    names = Counter(path.name for path in TESTS.rglob("test_*.py") if "projects" not in path.parts)
    assert [name for name, count in names.items() if count > 1] == []
    assert len(names) > 100
