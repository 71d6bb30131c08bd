"""Packages that nobody maintains give way to those that took their place."""

from __future__ import annotations

from collections.abc import Iterator

from migrate_cli.convert.findings import Edit, Finding, Safety
from migrate_cli.convert.package_table import PACKAGES, REPLACED
from migrate_cli.convert.project import Project
from migrate_cli.convert.registry import Example, rule
from migrate_cli.convert.requirement_files import entries, spec_in_form
from migrate_cli.convert.stack import uses_stack

RULE = "requirements_unmaintained"

EXAMPLE = Example(
    {"requirements.txt": "django-notifs==4.0.0\ndjangorestframework-jwt==1.11.0\n"},
    {"requirements.txt": "django-notifs==4.0.0\ndjangorestframework-simplejwt==5.5.1\n"},
)


@rule(
    title="Unmaintained packages",
    follows="djangorestframework-jwt's README, which says so; Simple JWT, Getting started",
    example=EXAMPLE,
)
def examine(project: Project) -> Iterator[Finding]:
    """See `settings_jwt` and `jwt_urls` for the code that goes with it."""
    if not uses_stack(project):
        return
    found = entries(project)
    for entry in found:
        if entry.name not in REPLACED:
            continue
        name, why = REPLACED[entry.name]
        what = f"{entry.name} {why}: use {name}."
        if entry.fixed or any(one.name == name and one.path == entry.path for one in found):
            yield Finding(RULE, entry.path, entry.line, what, Safety.BY_HAND)
            continue
        pin = PACKAGES[name].pin
        edits = [Edit(*entry.name_span, name)]
        if entry.spec not in {"", "*"}:
            spec = f"=={pin}" if entry.is_exact or entry.spec[0] in "^~" else PACKAGES[name].range
            edits.append(Edit(*entry.spec_span, spec_in_form(entry.form, spec)))
        yield Finding(RULE, entry.path, entry.line, what, Safety.SAFE, tuple(edits))
