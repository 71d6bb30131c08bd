"""What the rules ignore is what docs/promises.md tells operators, row by row."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from wsmigrate.parity.rules import built_in_rules

PAGE = Path(__file__).parents[4] / "docs" / "promises.md"


def rules_told() -> Counter[str]:
    section = PAGE.read_text("utf-8").partition("## Where do the servers differ?")[2]
    section = section.partition("\n## ")[0]
    cells = [line.split("|")[-2] for line in section.splitlines() if line.startswith("|")]
    about_measuring = section.rpartition("Two rules are about")[2]
    named = r"`([a-z0-9-]+)` \("
    rows = [name for cell in cells for name in re.findall("`([a-z0-9-]+)`", cell)]
    return Counter([*rows, *re.findall(named, about_measuring)])


def test_each_rule_has_one_row_and_each_row_a_rule():
    assert rules_told() == Counter(rule.name for rule in built_in_rules())
