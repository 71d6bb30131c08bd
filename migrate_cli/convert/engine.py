"""Runs the rules over a project until nothing is left that they would rewrite."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from migrate_cli.convert.files import ProjectFile
from migrate_cli.convert.findings import Edit, Effect, Finding, Safety, applied, overlaps
from migrate_cli.convert.project import Project
from migrate_cli.convert.python_source import end_of_line
from migrate_cli.convert.registry import Rule
from migrate_cli.convert.stack import uses_stack

_MAX_PASSES = 12
PRAGMA = "wsmigrate: ok"
"""A comment with these words in a line keeps all rules from that line."""


@dataclass(frozen=True)
class Conversion:
    """What was found in a project, and what it looks like after the rewrites that are wanted."""

    before: Project
    after: Project
    findings: tuple[Finding, ...]
    remaining: tuple[Finding, ...]
    """What is found in the result: left to do once it is written. Lines are those of the result."""
    uses_stack: bool

    @property
    def changed(self) -> dict[str, tuple[str | None, str | None]]:
        """The texts of the files that differ, before and after; None for no file."""
        paths = dict.fromkeys([*self.before.files, *self.after.files])
        return {
            path: (old, new)
            for path in paths
            if (old := _text(self.before, path)) != (new := _text(self.after, path))
        }


@dataclass
class _Pass:
    """The edits of one pass, by file."""

    project: Project
    edits: dict[str, list[Edit]] = field(default_factory=dict)
    created: dict[str, str] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)

    def take(self, finding: Finding) -> bool:
        """Take the finding's rewrite, unless it meets another one: then the next pass finds it
        again, in what has become of the file."""
        path = finding.path
        if finding.effect is Effect.CREATE:
            if path in self.created or path in self.project.files:
                return False
            self.created[path] = "".join(edit.text for edit in finding.edits)
        elif finding.effect is Effect.DELETE:
            self.deleted.add(path)
        else:
            mine = self.edits.setdefault(path, [])
            if overlaps(finding.edits, mine):
                return False
            # Two rules may need the same import.
            mine += [edit for edit in finding.edits if not (_is_import(edit) and edit in mine)]
        return True

    def result(self) -> Project:
        texts: dict[str, str | None] = {
            path: applied(self.project.text(path), edits) for path, edits in self.edits.items()
        }
        return self.project.with_texts(
            {**texts, **self.created, **dict.fromkeys(self.deleted, None)}
        )


def scan(project: Project, rules: Sequence[Rule]) -> Conversion:
    """Run the rules once and rewrite nothing."""
    return _together(project, [_scan_site(site, rules) for site in project.sites])


def convert(project: Project, rules: Sequence[Rule], *, unsafe: bool = False) -> Conversion:
    """Run the rules; with ``unsafe`` also make the rewrites that may change behaviour.

    The findings have the lines of the files as they were read, but for those that only came up in
    what other rules wrote. Running it on the result finds no more rewrites. Sites that stand beside
    one another are converted one after the other.
    """
    done: list[Conversion] = []
    state = project
    for number in range(len(project.sites)):
        one = _convert_site(state.sites[number], rules, unsafe=unsafe)
        state = state.with_texts({path: new for path, (_, new) in one.changed.items()})
        done.append(one)
    return _together(project, done, state)


def _together(
    project: Project, done: Sequence[Conversion], after: Project | None = None
) -> Conversion:
    """What was done to the sites of a project, as one."""
    if len(done) == 1 and done[0].before is project:
        return done[0]
    findings = {one: None for each in done for one in each.findings}
    remaining = {one: None for each in done for one in each.remaining}
    return Conversion(
        *(project, after or project),
        findings=tuple(sorted(findings, key=_place)),
        remaining=tuple(sorted(remaining, key=_place)),
        uses_stack=any(one.uses_stack for one in done),
    )


def _scan_site(project: Project, rules: Sequence[Rule]) -> Conversion:
    if not uses_stack(project):
        return Conversion(project, project, (), (), uses_stack=False)
    left = [_left(one) for one in project.unparsed]
    findings = tuple(sorted([*_look(project, rules), *left], key=_place))
    return Conversion(project, project, findings, findings, uses_stack=True)


def _convert_site(project: Project, rules: Sequence[Rule], *, unsafe: bool) -> Conversion:
    if not uses_stack(project):
        return Conversion(project, project, (), (), uses_stack=False)
    wanted = {Safety.SAFE, Safety.UNSAFE} if unsafe else {Safety.SAFE}
    findings = _look(project, rules)
    state = project
    for _ in range(_MAX_PASSES):
        now = findings if state is project else _look(state, rules)
        if state is not project:
            findings += _new_ones(findings, now)
        this = _Pass(state)
        taken = [one for one in now if one.rewrites and one.safety in wanted and this.take(one)]
        after = this.result()
        if not taken or _texts(after) == _texts(state):
            break
        state = after
    else:
        raise RuntimeError("the rules do not come to an end: " + _names(taken))
    left = [_left(one) for one in project.unparsed]
    return Conversion(
        *(project, state),
        findings=tuple(sorted([*findings, *left], key=_place)),
        remaining=tuple(sorted([*now, *left], key=_place)),
        uses_stack=True,
    )


def _look(project: Project, rules: Iterable[Rule]) -> list[Finding]:
    return [
        _as_far_as_allowed(project, finding)
        for rule in rules
        for finding in rule.examine(project)
        if not _is_accepted(project, finding)
    ]


def _is_accepted(project: Project, finding: Finding) -> bool:
    """Whether the finding's line carries the pragma."""
    text = project.text(finding.path)
    if PRAGMA not in text:
        return False
    at = 0
    for _ in range(finding.line - 1):
        at = end_of_line(text, at)
    return PRAGMA in text[at : end_of_line(text, at)]


def _as_far_as_allowed(project: Project, finding: Finding) -> Finding:
    """Files that are left alone, or whose encoding cannot say what is to be written, keep it."""
    if not finding.rewrites or finding.safety is Safety.NOTE:
        return finding
    one = project.files.get(finding.path)
    reason = one.left_alone if one is not None else ""
    if not reason and one is not None:
        reason = _unsayable(one, finding.edits)
    if not reason:
        return finding
    return replace(
        finding,
        what=f"{finding.what} Left alone: {reason}.",
        safety=Safety.BY_HAND,
        edits=(),
        effect=Effect.EDIT,
    )


def _unsayable(one: ProjectFile, edits: Iterable[Edit]) -> str:
    try:
        for edit in edits:
            edit.text.encode(one.encoding)
    except UnicodeEncodeError:
        return f"its encoding {one.encoding} cannot hold the new text"
    return ""


def _is_import(edit: Edit) -> bool:
    return edit.start == edit.end and edit.text.lstrip().startswith(("import ", "from "))


def _left(one: ProjectFile) -> Finding:
    why = one.left_alone or "it is no Python that can be parsed, or nested too deep"
    return Finding(
        "unreadable", one.path, 1, f"Left alone: {why}. Look at it yourself.", Safety.BY_HAND
    )


def _new_ones(old: Iterable[Finding], now: Iterable[Finding]) -> list[Finding]:
    known = {(one.rule, one.path, one.what) for one in old}
    return [one for one in now if (one.rule, one.path, one.what) not in known]


def _place(finding: Finding) -> tuple[str, int, str]:
    return finding.path, finding.line, finding.rule


def _texts(project: Project) -> dict[str, str]:
    return {path: one.text for path, one in project.files.items()}


def _text(project: Project, path: str) -> str | None:
    return project.files[path].text if path in project.files else None


def _names(findings: Iterable[Finding]) -> str:
    return ", ".join(sorted({f"{one.rule} ({one.path})" for one in findings}))
