from __future__ import annotations

import pytest

from wsmigrate.doctor.findings import Level
from wsmigrate.doctor.proxies import FORGED, OriginAnswers, SeenClient, of_client, of_origins


@pytest.mark.parametrize(
    ("taken_for", "level", "words"),
    [
        ("10.0.0.9", Level.GOOD, "knows the address"),
        (FORGED, Level.MEND, "can choose"),
        ("10.0.0.1", Level.MEND, "every client for the front door"),
        ("192.0.2.1", Level.ADVICE, "takes us for 192.0.2.1"),
    ],
)
def test_whom_a_client_is_taken_for(taken_for: str, level: Level, words: str) -> None:
    finding = of_client(SeenClient(taken_for, ours="10.0.0.9", door="10.0.0.1"))
    assert (finding.level, words in finding.what) == (level, True)


@pytest.mark.parametrize(
    ("foreign", "allowed", "levels"),
    [
        (403, 101, [Level.GOOD]),
        (101, 101, [Level.MEND, Level.GOOD]),
        (403, 403, [Level.UNKNOWN]),
        (403, 503, [Level.MEND]),
        (403, None, []),
    ],
)
def test_pages_that_may_and_that_may_not(
    foreign: int, allowed: int | None, levels: list[Level]
) -> None:
    assert [one.level for one in of_origins(OriginAnswers(foreign, allowed))] == levels
