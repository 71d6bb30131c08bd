"""Names of Django that are gone in 5.2, for which there is a tool of its own."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from migrate_cli.convert.findings import Finding, Safety
from migrate_cli.convert.notifs_names import imported_module
from migrate_cli.convert.project import Project
from migrate_cli.convert.registry import Example, rule
from migrate_cli.convert.stack import uses_stack

RULE = "django_removed"
_GONE = {
    "django.conf.urls.url": "4.0",
    "django.utils.translation.ugettext": "4.0",
    "django.utils.translation.ugettext_lazy": "4.0",
    "django.utils.translation.ugettext_noop": "4.0",
    "django.utils.translation.ungettext": "4.0",
    "django.utils.encoding.force_text": "4.0",
    "django.utils.encoding.smart_text": "4.0",
    "django.contrib.postgres.fields.JSONField": "4.0",
    "django.utils.http.urlquote": "4.0",
    "django.utils.http.is_safe_url": "4.0",
    "django.db.models.NullBooleanField": "4.0",
    "django.core.urlresolvers.reverse": "2.0",
}

EXAMPLE = Example(
    {"chat/urls.py": "from django.conf.urls import url\n\nurlpatterns = [url('^$', view)]\n"}, {}
)


@rule(
    title="Django's own removals",
    follows="Django 4.0 and 5.0 release notes, Features removed",
    example=EXAMPLE,
)
def examine(project: Project) -> Iterator[Finding]:
    """Listed: `django-upgrade --target-version 5.2` rewrites them, and knows many more."""
    if not uses_stack(project):
        return
    for source in project.sources.values():
        for statement in source.of_type(cst.ImportFrom):
            module = imported_module(project, source, statement)
            if isinstance(statement.names, cst.ImportStar) or not module.startswith("django."):
                continue
            for alias in statement.names:
                name = f"{module}.{alias.evaluated_name}"
                if name in _GONE:
                    what = (
                        f"{name} is gone since Django {_GONE[name]}: run `django-upgrade "
                        "--target-version 5.2` on this file."
                    )
                    line = source.line(statement)
                    yield Finding(RULE, source.path, line, what, Safety.BY_HAND)
