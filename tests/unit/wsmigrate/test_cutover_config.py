from __future__ import annotations

from typing import Any

import pytest

from wsmigrate.cutover_config import CutoverConfig, cutover_config
from wsmigrate.errors import ConfigError


def test_without_a_file_there_are_defaults() -> None:
    assert cutover_config({}) == CutoverConfig()
    assert [rung.name for rung in CutoverConfig().rungs if rung.percent == 5] == ["canary 5"]


def test_what_the_file_says_counts() -> None:
    config = cutover_config(
        {
            "project": {"settings": "site.settings"},
            "cutover": {
                "percentages": [10, 100],
                "start_bridge": ["systemctl", "start", "bridge"],
                "hook_within_s": 5,
            },
            "somebody": {"else": "s"},
        }
    )
    assert config.settings == "site.settings"
    assert config.percentages == (10, 100)
    assert config.start_bridge == ("systemctl", "start", "bridge")
    assert config.hook_within_s == 5


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({"cutover": {"percentage": [1]}}, "not known: percentage"),
        ({"cutover": []}, "has to be a table"),
        ({"cutover": {"percentages": "1,2"}}, "cutover.percentages .* list of whole numbers"),
        ({"cutover": {"percentages": [True]}}, "list of whole numbers"),
        ({"cutover": {"percentages": [50, 10]}}, "have to rise"),
        ({"cutover": {"open_door": "systemctl start"}}, "a list of words"),
        ({"cutover": {"hook_within_s": 0}}, "a number of seconds above 0"),
        ({"project": {"settings": ""}}, "project.settings .* text"),
    ],
)
def test_what_cannot_be_is_told_by_its_key(document: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        cutover_config(document)
