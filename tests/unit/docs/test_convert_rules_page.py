"""docs/convert-rules.md shows the rules as they are."""

from __future__ import annotations

from pathlib import Path

from migrate_cli.convert.registry import all_rules
from migrate_cli.convert.rules_page import page

PAGE = Path(__file__).resolve().parents[3] / "docs" / "convert-rules.md"


def test_it_is_what_the_rules_make() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "Run python -m migrate_cli.convert.rules_page > docs/convert-rules.md"
    )


def test_every_rule_has_a_before() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for rule in all_rules():
        section = text.split(f"### `{rule.name}`\n")[1].split("\n### ")[0]
        assert "Before, `" in section
        assert "\nAfter" in section
