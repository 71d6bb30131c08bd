from __future__ import annotations

import pytest

from wsmigrate.doctor.findings import Finding, Level, exit_code_of


@pytest.mark.parametrize(
    ("levels", "code"),
    [
        ([Level.GOOD], 0),
        ([Level.GOOD, Level.ADVICE, Level.SKIPPED], 0),
        ([Level.GOOD, Level.UNKNOWN], 2),
        ([Level.UNKNOWN, Level.MEND], 1),
        ([Level.SKIPPED], 2),
        ([], 2),
    ],
)
def test_what_all_findings_come_to(levels: list[Level], code: int) -> None:
    assert exit_code_of(Finding("check", level, "It is so.") for level in levels) == code
