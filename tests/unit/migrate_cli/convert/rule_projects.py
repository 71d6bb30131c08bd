"""Small projects in memory for tests of rules."""

from __future__ import annotations

from collections.abc import Mapping

from migrate_cli.convert.engine import Conversion, convert
from migrate_cli.convert.files import ProjectFile
from migrate_cli.convert.project import Options, Project
from migrate_cli.convert.registry import Rule, all_rules

ON_THE_STACK = {"requirements.txt": "django-notifs==4.0.0\n"}
"""What makes a project one of the old stack, without anything for a rule to do."""


def rule_named(name: str) -> Rule:
    return next(rule for rule in all_rules() if rule.name == name)


def project_of(
    files: Mapping[str, str], *, python: tuple[int, int] = (3, 12), prefilter: bool = True
) -> Project:
    """A project with these files, and one that says that it is on the old stack."""
    texts = {**ON_THE_STACK, **files}
    return Project(
        {
            path: ProjectFile(path, text, text.encode())
            for path, text in texts.items()
            if text or path != "requirements.txt"
        },
        Options(python, prefilter),
    )


def converted(rule: str, files: Mapping[str, str], *, unsafe: bool = False) -> Conversion:
    """What one rule makes of a project."""
    return convert(project_of(files), [rule_named(rule)], unsafe=unsafe)


def text_after(rule: str, files: Mapping[str, str], *, unsafe: bool = False) -> str:
    """The first file after one rule, which must change nothing when it is run again."""
    first = converted(rule, files, unsafe=unsafe)
    again = convert(first.after, [rule_named(rule)], unsafe=unsafe)
    assert not again.changed, again.changed
    return first.after.text(next(iter(files)))


def assert_untouched(rule: str, files: Mapping[str, str], *, unsafe: bool = True) -> Conversion:
    """The rule changes nothing, not even with ``unsafe``."""
    result = converted(rule, files, unsafe=unsafe)
    assert not result.changed, result.changed
    return result
