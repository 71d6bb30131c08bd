"""What all rules have in common: examples that hold, a test file each, sources, no doubled names."""

from __future__ import annotations

from pathlib import Path

import pytest
from rule_projects import project_of

from migrate_cli.convert import rules
from migrate_cli.convert.engine import convert
from migrate_cli.convert.registry import Rule, all_rules

RULES = all_rules()
TESTS = Path(__file__).parent / "rules"


@pytest.fixture(params=RULES, ids=lambda rule: rule.name)
def rule(request: pytest.FixtureRequest) -> Rule:
    found: Rule = request.param
    return found


def test_the_example_becomes_what_it_says(rule: Rule) -> None:
    example = rule.example
    result = convert(project_of(example.before), [rule], unsafe=example.unsafe)
    assert result.findings
    for path, text in (example.after or example.before).items():
        assert result.after.text(path) == text


def test_a_second_run_changes_nothing(rule: Rule) -> None:
    first = convert(project_of(rule.example.before), [rule], unsafe=True)
    assert not convert(first.after, [rule], unsafe=True).changed


def test_a_project_that_is_not_on_the_stack_is_left_alone(rule: Rule) -> None:
    before = {path: text for path, text in rule.example.before.items() if path.endswith(".py")}
    texts = {path: text.replace("notifications", "notices") for path, text in before.items()}
    texts = {path: text.replace("NOTIFICATIONS", "NOTICES") for path, text in texts.items()}
    texts = {path: text.replace("uwsgi", "uwsgi_") for path, text in texts.items()}
    result = convert(project_of({**texts, "requirements.txt": ""}), [rule], unsafe=True)
    assert not result.uses_stack
    assert not result.findings
    assert not result.changed


def test_it_has_a_test_file_and_says_what_it_follows(rule: Rule) -> None:
    assert (TESTS / f"test_{rule.name}.py").exists()
    assert rule.follows
    assert rule.title


def test_every_module_has_one_rule() -> None:
    modules = {path.stem for path in Path(rules.__file__).parent.glob("*.py")} - {"__init__"}
    assert modules == {rule.name for rule in RULES}


def test_no_rule_has_something_to_do_in_what_all_rules_made() -> None:
    for rule in RULES:
        if rule.example.unsafe:
            continue
        same = [other for other in RULES if other.phase is rule.phase]
        first = convert(project_of(rule.example.before), same)
        assert not convert(first.after, same).changed, rule.name
