"""djangorestframework-jwt's settings and classes are those of djangorestframework-simplejwt."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from migrate_cli.convert.findings import Edit, Finding, Safety
from migrate_cli.convert.notifs_names import moved_name
from migrate_cli.convert.project import Project
from migrate_cli.convert.project_settings import concerned_settings, family
from migrate_cli.convert.python_source import PythonSource, string_value
from migrate_cli.convert.registry import Example, rule
from migrate_cli.convert.settings_module import SettingsModule
from migrate_cli.convert.settings_values import dict_entries
from migrate_cli.convert.stack import uses_stack
from migrate_cli.convert.syntax import dotted_name
from migrate_cli.convert.wording import in_style, quoted

RULE = "settings_jwt"
_CLASSES = {
    "rest_framework_jwt.authentication.JSONWebTokenAuthentication": (
        "rest_framework_simplejwt.authentication.JWTAuthentication"
    ),
}
_KEYS = {
    "JWT_EXPIRATION_DELTA": "ACCESS_TOKEN_LIFETIME",
    "JWT_REFRESH_EXPIRATION_DELTA": "REFRESH_TOKEN_LIFETIME",
    "JWT_ALGORITHM": "ALGORITHM",
    "JWT_SECRET_KEY": "SIGNING_KEY",
    "JWT_PRIVATE_KEY": "SIGNING_KEY",
    "JWT_PUBLIC_KEY": "VERIFYING_KEY",
    "JWT_AUDIENCE": "AUDIENCE",
    "JWT_ISSUER": "ISSUER",
    "JWT_LEEWAY": "LEEWAY",
}
_PREFIX = "JWT_AUTH_HEADER_PREFIX"

EXAMPLE = Example(
    {
        "chatire/settings.py": """\
import datetime

INSTALLED_APPS = ["notifications"]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": (
        "rest_framework_jwt.authentication.JSONWebTokenAuthentication",
    ),
}
JWT_AUTH = {
    "JWT_EXPIRATION_DELTA": datetime.timedelta(hours=1),  # an hour
    "JWT_AUTH_HEADER_PREFIX": "Token",
    "JWT_ALLOW_REFRESH": True,
}
"""
    },
    {
        "chatire/settings.py": """\
import datetime

INSTALLED_APPS = ["notifications"]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": (
        "rest_framework_simplejwt.authentication.JWTAuthentication",
    ),
}
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": datetime.timedelta(hours=1),  # an hour
    "AUTH_HEADER_TYPES": ("Token",),
}
"""
    },
)


@rule(
    title="simplejwt in place of djangorestframework-jwt: settings",
    follows="djangorestframework-jwt is unmaintained since 2017 and does not import on Django 4; "
    "Simple JWT, Settings",
    example=EXAMPLE,
    order=37,
)
def examine(project: Project) -> Iterator[Finding]:
    """JWT_AUTH becomes SIMPLE_JWT with what the two have in common; keys without a counterpart are
    taken out and named. The header keeps its prefix, which is `JWT` by default."""
    if not uses_stack(project):
        return
    for source in project.sources_with("rest_framework_jwt"):
        yield from _names(project, source)
    for base in concerned_settings(project):
        modules = family(project, base)
        for module in modules:
            yield from _jwt_auth(module)
        if _uses_old(modules) and not any(
            {"JWT_AUTH", "SIMPLE_JWT"} & one.assignments.keys() for one in modules
        ):
            code = 'SIMPLE_JWT = {"AUTH_HEADER_TYPES": ("JWT",)}'
            edit = base.source.appended(*in_style(base.source, code))
            what = "Clients send the token with the prefix `JWT`; simplejwt's default is `Bearer`."
            yield Finding(RULE, base.path, 1, what, Safety.SAFE, (edit,))


def _names(project: Project, source: PythonSource) -> Iterator[Finding]:
    for old, new in _CLASSES.items():
        moved = moved_name(project, source, old, new)
        if moved is not None and (edits := moved.all_edits(source)):
            line = source.line(moved.place)
            yield Finding(RULE, source.path, line, f"{old} is {new} now.", Safety.SAFE, edits)
    for node in source.of_type(cst.SimpleString):
        text = string_value(node)
        if text in _CLASSES:
            edit = source.replaced(node, quoted(source, _CLASSES[text]))
            what = f"{text} is {_CLASSES[text]} now."
            yield Finding(RULE, source.path, source.line(node), what, Safety.SAFE, (edit,))
        elif text is not None and text.startswith("rest_framework_jwt") and "." not in text:
            what = "djangorestframework-jwt is no app that can be installed any more: take it out."
            yield Finding(RULE, source.path, source.line(node), what, Safety.BY_HAND)
    for statement in source.of_type(cst.ImportFrom):
        module = dotted_name(statement.module)
        if module in {"rest_framework_jwt.settings", "rest_framework_jwt.utils"}:
            what = f"{module} is gone with djangorestframework-jwt: use rest_framework_simplejwt."
            yield Finding(RULE, source.path, source.line(statement), what, Safety.BY_HAND)


def _uses_old(modules: list[SettingsModule]) -> bool:
    return any(name in one.source.text for name in _CLASSES for one in modules)


def _jwt_auth(module: SettingsModule) -> Iterator[Finding]:
    source = module.source
    for one in module.assignments.get("JWT_AUTH", ()):
        line = source.line(one.statement)
        entries = dict_entries(one.value)
        part = one.statement.body[0]
        whole = isinstance(one.value, cst.Dict) and len(entries) == len(one.value.elements)
        if not whole or not isinstance(part, (cst.Assign, cst.AnnAssign)):
            what = "JWT_AUTH is put together in a way that is not understood: write SIMPLE_JWT."
            yield Finding(RULE, module.path, line, what, Safety.BY_HAND)
            continue
        lost = [key for key in entries if key not in _KEYS and key != _PREFIX]
        what = "simplejwt's settings are SIMPLE_JWT; tokens of before are not valid any more."
        if lost:
            what += f" Without a counterpart: {', '.join(lost)}."
        target = part.target if isinstance(part, cst.AnnAssign) else part.targets[0].target
        edits = (source.replaced(target, "SIMPLE_JWT"), *_entries(source, one.value, entries))
        yield Finding(RULE, module.path, line, what, Safety.SAFE, edits)


def _entries(
    source: PythonSource, table: cst.CSTNode, entries: dict[str, cst.DictElement]
) -> Iterator[Edit]:
    quote = source.quote
    elements = list(cst.ensure_type(table, cst.Dict).elements)
    for key, element in entries.items():
        if key in _KEYS:
            yield source.replaced(element.key, quoted(source, _KEYS[key]))
        elif key == _PREFIX:
            yield source.replaced(element.key, quoted(source, "AUTH_HEADER_TYPES"))
            yield source.replaced(element.value, f"({source.code(element.value)},)")
        else:
            yield _entry_removed(source, elements, element)
    if _PREFIX not in entries and elements:
        at = source.span(elements[0])[0]
        own_line = source.line_at(source.span(table)[0]) != source.line(elements[0])
        separator = source.newline + source.indent(elements[0]) if own_line else " "
        yield Edit(at, at, f"{quote}AUTH_HEADER_TYPES{quote}: ({quote}JWT{quote},),{separator}")


def _entry_removed(
    source: PythonSource, elements: list[cst.BaseDictElement], element: cst.DictElement
) -> Edit:
    start, end = source.lines_of(element)
    alone = source.text[start : source.span(element)[0]].strip() == ""
    rest = source.text[source.span(element.value)[1] : end].strip()
    if alone and (rest in {"", ","} or rest.startswith((", #", ",  #", "#"))):
        return Edit(start, end, "")
    index = elements.index(element)
    if index + 1 < len(elements):
        return Edit(source.span(element)[0], source.span(elements[index + 1])[0], "")
    begin = source.span(elements[index - 1].value)[1] if index else source.span(element)[0]
    return Edit(begin, source.span(element.value)[1], "")
