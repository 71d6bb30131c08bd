"""DEFAULT_AUTO_FIELD says what Django before 3.2 took for granted."""

from __future__ import annotations

from collections.abc import Iterator

from migrate_cli.convert.findings import Finding, Safety
from migrate_cli.convert.project import Project
from migrate_cli.convert.project_settings import concerned_settings, is_lacking
from migrate_cli.convert.registry import Example, rule
from migrate_cli.convert.wording import in_style

RULE = "settings_default_auto_field"
_LINE = 'DEFAULT_AUTO_FIELD = "django.db.models.AutoField"'

EXAMPLE = Example(
    {"chatire/settings.py": 'INSTALLED_APPS = ["notifications"]\n'},
    {"chatire/settings.py": f'INSTALLED_APPS = ["notifications"]\n\n{_LINE}\n'},
)


@rule(
    title="Primary keys stay what they are",
    follows="Django 3.2 release notes, Customizing type of auto-created primary keys; Django 6.0 "
    "changed the default to BigAutoField",
    example=EXAMPLE,
    order=35,
)
def examine(project: Project) -> Iterator[Finding]:
    """Only where the setting is missing."""
    for base in concerned_settings(project):
        if not is_lacking(project, base, "DEFAULT_AUTO_FIELD"):
            continue
        what = "Without DEFAULT_AUTO_FIELD, Django 3.2 and newer warn, and 6.0 changes the keys."
        edit = base.source.appended(*in_style(base.source, _LINE))
        yield Finding(RULE, base.path, 1, what, Safety.SAFE, (edit,))
