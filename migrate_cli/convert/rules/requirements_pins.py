"""Pins that do not allow what the new stack needs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from packaging.version import Version

from migrate_cli.convert.findings import Edit, Finding, Safety
from migrate_cli.convert.package_table import PACKAGES, UNWORKABLE
from migrate_cli.convert.project import Project
from migrate_cli.convert.python_source import line_at
from migrate_cli.convert.registry import Example, rule
from migrate_cli.convert.requirement_entry import Entry, version_of
from migrate_cli.convert.requirement_files import entries
from migrate_cli.convert.stack import uses_stack

RULE = "requirements_pins"
_OLDEST_MINOR = 11
_PYTHON = re.compile(
    r"^[ \t]*(?:requires-python|python_requires|python_version|python_full_version|python)"
    r"[ \t]*=[ \t]*[\"']?[ \t]*(?:>=|~=|==|\^|~|>)?[ \t]*3\.(?P<minor>\d+)",
    re.MULTILINE,
)
_IN_FRONT = re.compile(r"((?:===?|~=?|\^)?[ \t]*)([0-9][^,\s]*)")

EXAMPLE = Example(
    {
        "requirements.txt": """\
Django==2.2.18  # the site
django-notifs>=2.6,<3
pika==0.11.2
six==1.11.0
"""
    },
    {
        "requirements.txt": """\
Django==5.2.19  # the site
django-notifs>=4.0.0,<5
pika==1.4.4
six==1.11.0
"""
    },
)


@rule(
    title="Pins of the old stack",
    follows="requirements/channels.txt, which is tested together; the packages' release notes",
    example=EXAMPLE,
)
def examine(project: Project) -> Iterator[Finding]:
    """A requirement that allows no release which supports Django 5.2 gets one that does, in the
    style that it has. Pins that cannot run on the chosen Python at all are named as such. Listed
    are those with hashes, whose tool has to make them anew, conda's own, several constraints for
    one package, and what comes from a URL."""
    if not uses_stack(project):
        return
    yield from _pythons(project)
    for entry in entries(project):
        known = PACKAGES.get(entry.name)
        if known is None or not entry.spec or (entry.name == "django" and _is_newer(entry)):
            continue
        if entry.specifier and (entry.allows(known.least) or entry.allows(known.pin)):
            continue
        if not entry.specifier and not entry.fixed:
            continue
        what = f"{entry.shown}: {_reason(project, entry)}"
        if entry.fixed:
            what += f" {entry.fixed} {known.pin} works."
            yield Finding(RULE, entry.path, entry.line, what, Safety.BY_HAND)
            continue
        spec = _pinned(entry, known.pin) if _is_pinned(entry) else known.range
        edits = (Edit(*entry.spec_span, spec),)
        yield Finding(RULE, entry.path, entry.line, what, Safety.SAFE, edits)


def _pythons(project: Project) -> Iterator[Finding]:
    """Where the project says that it runs on a Python that the new server does not."""
    for path in project.paths("pyproject.toml", "setup.cfg", "setup.py", "Pipfile"):
        text = project.text(path)
        for found in _PYTHON.finditer(text):
            if int(found["minor"]) < _OLDEST_MINOR:
                what = (
                    f"The project is said to run on Python 3.{found['minor']}: the new server "
                    f"needs 3.{_OLDEST_MINOR} or newer."
                )
                yield Finding(RULE, path, line_at(text, found.start()), what, Safety.BY_HAND)


def _is_newer(entry: Entry) -> bool:
    version = version_of(entry)
    return version is not None and version >= Version(PACKAGES[entry.name].least)


def _is_pinned(entry: Entry) -> bool:
    """Whether it names one release, exactly or as the first of its kind."""
    return _IN_FRONT.fullmatch(entry.spec) is not None


def _pinned(entry: Entry, pin: str) -> str:
    """The pin in the entry's style: ``~=4.4`` becomes ``~=5.7``."""
    operator, version = _IN_FRONT.sub(r"\1", entry.spec), pin
    if operator.strip() in {"~=", "~", "^"}:
        parts = _IN_FRONT.sub(r"\2", entry.spec).count(".") + 1
        version = ".".join(pin.split(".")[: max(parts, 2 if operator.startswith("~=") else 1)])
    return operator + version


def _reason(project: Project, entry: Entry) -> str:
    version = version_of(entry)
    hopeless = UNWORKABLE.get(entry.name)
    python = project.options.python
    if hopeless is not None and version is not None and python >= hopeless.python:
        if version < Version(hopeless.below):
            return (
                f"it cannot work on Python {python[0]}.{python[1]}: {hopeless.why} "
                f"(since Python {hopeless.python[0]}.{hopeless.python[1]})."
            )
    least = PACKAGES[entry.name].least
    return f"the new stack (Django 5.2, Python 3.11 and newer) needs {least} or newer."
