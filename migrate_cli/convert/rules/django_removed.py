"""What Django took away between the old stack's release and 5.2."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from migrate_cli.convert.findings import Edit, Finding, Safety
from migrate_cli.convert.notifs_names import (
    alias_removed,
    imported_module,
    imports_of,
    moved_name,
    uses_of,
)
from migrate_cli.convert.project import DJANGO_HINTS, Project
from migrate_cli.convert.python_source import PythonSource
from migrate_cli.convert.registry import Example, rule
from migrate_cli.convert.stack import uses_stack

RULE = "django_removed"
_RENAMED = {
    "django.conf.urls.url": ("django.urls.re_path", "4.0"),
    "django.core.urlresolvers.reverse": ("django.urls.reverse", "2.0"),
    "django.core.urlresolvers.reverse_lazy": ("django.urls.reverse_lazy", "2.0"),
    "django.core.urlresolvers.resolve": ("django.urls.resolve", "2.0"),
    "django.utils.encoding.force_text": ("django.utils.encoding.force_str", "4.0"),
    "django.utils.encoding.smart_text": ("django.utils.encoding.smart_str", "4.0"),
    "django.utils.http.is_safe_url": (
        "django.utils.http.url_has_allowed_host_and_scheme",
        "4.0",
    ),
    "django.utils.translation.ugettext": ("django.utils.translation.gettext", "4.0"),
    "django.utils.translation.ugettext_lazy": ("django.utils.translation.gettext_lazy", "4.0"),
    "django.utils.translation.ugettext_noop": ("django.utils.translation.gettext_noop", "4.0"),
    "django.utils.translation.ungettext": ("django.utils.translation.ngettext", "4.0"),
    "django.utils.translation.ungettext_lazy": ("django.utils.translation.ngettext_lazy", "4.0"),
}
"""Functions that were another name of what they are to be, and the release that took them away."""
_DECORATOR = "django.utils.encoding.python_2_unicode_compatible"
_GONE = {
    "django.contrib.postgres.fields.JSONField": "4.0",
    "django.contrib.auth.views.login": "2.1",
    "django.contrib.auth.views.logout": "2.1",
    "django.contrib.staticfiles.templatetags.staticfiles.static": "3.0",
    "django.db.models.NullBooleanField": "4.0",
    "django.shortcuts.render_to_response": "3.0",
    _DECORATOR: "3.0",
    "django.utils.http.urlquote": "4.0",
    "django.utils.six": "3.0",
    "django.utils.timezone.utc": "5.0",
}

EXAMPLE = Example(
    {
        "chat/urls.py": """\
from django.conf.urls import include, url

urlpatterns = [url(r"^chat/", include("chat.rooms.urls"))]
"""
    },
    {
        "chat/urls.py": """\
from django.urls import re_path
from django.conf.urls import include

urlpatterns = [re_path(r"^chat/", include("chat.rooms.urls"))]
"""
    },
)


@rule(
    title="Django's own removals",
    follows="Django 2.0, 2.1, 3.0, 4.0 and 5.0 release notes, Features removed",
    example=EXAMPLE,
)
def examine(project: Project) -> Iterator[Finding]:
    """What has a new name gets it, and ``python_2_unicode_compatible`` is taken out. Anything else
    is listed: `django-upgrade --target-version 5.2` rewrites much of it, and knows many more."""
    if not uses_stack(project):
        return
    for source in project.sources_with(*DJANGO_HINTS):
        for old, (new, since) in _RENAMED.items():
            yield from _renamed(project, source, old, new, since)
        taken_out = _without_decorator(project, source)
        yield from taken_out
        for statement in source.of_type(cst.ImportFrom):
            module = imported_module(project, source, statement)
            if isinstance(statement.names, cst.ImportStar) or not module.startswith("django."):
                continue
            for alias in statement.names:
                name = f"{module}.{alias.evaluated_name}"
                known = next((one for one in _GONE if f"{name}.".startswith(f"{one}.")), "")
                if known and not (taken_out and known == _DECORATOR):
                    what = (
                        f"{known} is gone since Django {_GONE[known]}: run `django-upgrade "
                        "--target-version 5.2` on this file."
                    )
                    line = source.line(statement)
                    yield Finding(RULE, source.path, line, what, Safety.BY_HAND)


def _without_decorator(project: Project, source: PythonSource) -> list[Finding]:
    """The decorator that does nothing on Python 3, taken out with its import."""
    imports = list(imports_of(project, source, _DECORATOR))
    decorators = [source.parent(use) for use in uses_of(project, source, _DECORATOR)]
    if not imports or not all(isinstance(one, cst.Decorator) for one in decorators):
        return []
    if any(source.enclosing(statement, cst.Try) is not None for statement, _ in imports):
        return []
    edits = [Edit(*source.lines_of(one), "") for one in decorators if one is not None]
    edits += [alias_removed(source, *one) for one in imports]
    what = f"{_DECORATOR} is gone since Django {_GONE[_DECORATOR]}, and did nothing on Python 3."
    line = source.line(imports[0][0])
    return [Finding(RULE, source.path, line, what, Safety.SAFE, tuple(edits))]


def _renamed(
    project: Project, source: PythonSource, old: str, new: str, since: str
) -> Iterator[Finding]:
    package, _, module = old.rpartition(".")[0].rpartition(".")
    if f"{package}.{module}" not in source.text and f"{package} import" not in source.text:
        return  # what names stand for takes long to find out
    moved = moved_name(project, source, old, new)
    if moved is None or source.enclosing(moved.place, cst.Try) is not None:
        return  # one of two places that are tried
    line = source.line(moved.place)
    what = f"{old} is gone since Django {since}: it is {new}."
    if moved.problem:
        what += f" Left alone: {moved.problem}."
        yield Finding(RULE, source.path, line, what, Safety.BY_HAND)
    elif edits := moved.all_edits(source):
        yield Finding(RULE, source.path, line, what, Safety.SAFE, edits)
