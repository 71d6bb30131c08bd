"""One requirement, and its place in the text of a file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from migrate_cli.convert.python_source import line_at


@dataclass(frozen=True)
class Entry:
    """One requirement. The spans are of characters in the file's text."""

    path: str
    line: int
    name: str
    """Canonical: lower case, with ``-``."""
    specifier: SpecifierSet
    form: str
    """``line`` (requirements.txt, setup.cfg), ``string`` (a string of a list in pyproject.toml or
    setup.py), ``caret`` (Poetry), ``table`` (Pipfile), ``subtable`` (Poetry and Pipfile, a table
    for one package) or ``item`` (pip's list in conda's environment.yml)."""
    name_span: tuple[int, int]
    spec_span: tuple[int, int]
    end: int
    """Behind the entry, before a comma, a comment or the line's end."""
    spec: str
    fixed: str = ""
    """Why it has to be changed by hand; empty if it need not be."""

    @property
    def shown(self) -> str:
        """As it is to be shown to a person."""
        separator = "" if self.spec.startswith(("=", "<", ">", "!", "~=")) else " "
        return f"{self.name}{separator}{self.spec.strip()}"

    @property
    def can_be_followed(self) -> bool:
        """Whether other requirements can be put behind it."""
        is_bound = PurePosixPath(self.path).name.startswith("constraints")
        return not self.fixed and self.form != "subtable" and not is_bound

    @property
    def is_exact(self) -> bool:
        """Whether it allows one release only."""
        return len(self.specifier) == 1 and next(iter(self.specifier)).operator in {"==", "==="}

    def allows(self, version: str) -> bool:
        """Whether a release would do."""
        return self.specifier.contains(version, prereleases=True)


def version_of(entry: Entry) -> Version | None:
    """The release that is pinned, or the least one that is allowed."""
    for one in entry.specifier:
        if one.operator in {"==", "===", "~=", ">="}:
            try:
                return Version(one.version.removesuffix(".*"))
            except InvalidVersion:
                return None
    return None


def read_entry(path: str, text: str, written: str, at: int, form: str) -> Entry | None:
    """A requirement as PEP 508 has it, at a place of a text; None for what is none."""
    try:
        requirement = Requirement(written.strip())
    except InvalidRequirement:
        return None
    if requirement.url is not None:
        return from_url(path, text, requirement.name, at)
    name_end = at + len(requirement.name)
    spec = re.search(
        r"[ \t]*(?:\[[^\]]*\])?[ \t]*\(?(?P<spec>[^;()]*)", written[len(requirement.name) :]
    )
    begin = name_end + (spec.start("spec") if spec else 0)
    raw = spec["spec"].rstrip() if spec else ""
    return Entry(
        path=path,
        line=line_at(text, at),
        name=canonicalize_name(requirement.name),
        specifier=requirement.specifier,
        form=form,
        name_span=(at, name_end),
        spec_span=(begin, begin + len(raw)),
        end=at + len(written.rstrip()) + (1 if form == "string" else 0),
        spec=raw,
    )


def from_url(path: str, text: str, name: str, at: int) -> Entry:
    """A requirement without a release that could be seen."""
    place = (at, at + len(name))
    return Entry(
        *(path, line_at(text, at), canonicalize_name(name), SpecifierSet(), "line"),
        *(place, (place[1], place[1]), place[1]),
        spec="from a URL",
        fixed="It comes from a URL: see which release that is.",
    )
