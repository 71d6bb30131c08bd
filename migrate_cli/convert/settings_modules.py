"""The settings of a project: which modules they are in, how those build on one another, and where
each setting is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import libcst as cst

from migrate_cli.convert.notifs_names import imported_module
from migrate_cli.convert.project import Project
from migrate_cli.convert.python_source import PythonSource, string_value
from migrate_cli.convert.stack import uses_notifs, uwsgi_modules
from migrate_cli.convert.syntax import below, children

_OLD_KEYS = (
    "NOTIFICATIONS_CHANNELS",
    "NOTIFICATIONS_USE_WEBSOCKET",
    "NOTIFICATIONS_RABBIT_MQ_URL",
)


@dataclass(frozen=True, eq=False)
class Assignment:
    """A statement of a settings module that makes or changes a setting."""

    statement: cst.SimpleStatementLine
    value: cst.BaseExpression
    fresh: bool
    """Whether the setting is made anew, whatever it was before."""


@dataclass(frozen=True, eq=False)
class SettingsModule:
    """A module with settings at its top level."""

    source: PythonSource
    bases: tuple[SettingsModule, ...]
    """The settings modules that it imports everything of, or names of."""

    @property
    def path(self) -> str:
        return self.source.path

    @cached_property
    def chain(self) -> tuple[SettingsModule, ...]:
        """The module and all it builds on, nearest first."""
        found = dict.fromkeys([self])
        for base in self.bases:
            found |= dict.fromkeys(base.chain)
        return tuple(found)

    @cached_property
    def assignments(self) -> dict[str, list[Assignment]]:
        """The module's own statements for each name, in their order."""
        found: dict[str, list[Assignment]] = {}
        for statement, part in _statements(self.source.module.body):
            for name, value, fresh in _targets(part):
                found.setdefault(name, []).append(Assignment(statement, value, fresh))
        return found

    def makes(self, name: str) -> bool:
        """Whether the module itself makes the setting anew."""
        return any(one.fresh for one in self.assignments.get(name, ()))

    def knows(self, name: str) -> bool:
        """Whether the setting is made here or in what the module builds on."""
        return any(one.makes(name) for one in self.chain)

    def values(self, name: str) -> list[tuple[SettingsModule, Assignment]]:
        """All statements of the setting, here and in what the module builds on."""
        return [(one, each) for one in self.chain for each in one.assignments.get(name, ())]


@lru_cache(maxsize=8)
def settings_modules(project: Project) -> tuple[SettingsModule, ...]:
    """All settings modules of the project."""
    sources = {
        source.path: source
        for source in project.sources_with("INSTALLED_APPS", "DATABASES", *_OLD_KEYS)
        if _assigns_settings(source)
    }
    sources |= _built_upon(project, sources)
    made: dict[str, SettingsModule] = {}

    def make(path: str, above: tuple[str, ...]) -> SettingsModule:
        if path not in made:
            source = sources.get(path) or project.sources.get(path) or _any(project, path)
            bases = tuple(
                make(base, (*above, path))
                for base in _base_paths(project, source)
                if base not in (*above, path)
            )
            made[path] = SettingsModule(source, bases)
        return made[path]

    return tuple(make(path, ()) for path in sorted(sources))


@lru_cache(maxsize=8)
def concerned_settings(project: Project) -> tuple[SettingsModule, ...]:
    """The modules that make INSTALLED_APPS of a site that runs the old stack: one for each site."""
    bases = [one for one in settings_modules(project) if one.makes("INSTALLED_APPS")]
    marked = [one for one in bases if _is_marked(project, one)]
    if marked:
        return tuple(marked)
    return tuple(bases) if len(bases) == 1 and uwsgi_modules(project) else ()


def family(project: Project, base: SettingsModule) -> list[SettingsModule]:
    """The settings modules that belong to a site: the base, what it builds on, what builds on it,
    and those beside it that nothing connects by imports (django-split-settings)."""
    folder = base.path.rpartition("/")[0]
    return [
        one
        for one in settings_modules(project)
        if one in base.chain
        or base in one.chain
        or (one.path.rpartition("/")[0] == folder and not one.makes("INSTALLED_APPS"))
    ]


def is_lacking(project: Project, base: SettingsModule, name: str) -> bool:
    """Whether a site can be run with settings that do not have one: a module of dev or test may
    make what the one of production does not."""
    modules = family(project, base)
    makers = [one for one in modules if name in one.assignments]
    connected = [one for one in modules if one in base.chain or base in one.chain]
    if any(one not in connected for one in makers):
        return False  # put together by something else than imports
    entries = [
        one
        for one in connected
        if not any(one in other.chain for other in connected if other is not one)
    ]
    return any(not any(name in each.assignments for each in one.chain) for one in entries)


def home_of_layer(project: Project, base: SettingsModule) -> SettingsModule:
    """Where the layer's database is to be described: the base, unless it cannot see DATABASES."""
    makers = [one for one in family(project, base) if one.makes("DATABASES")]
    if not makers or base in makers or any(base in one.chain for one in makers):
        return base
    return base if base.knows("DATABASES") else makers[0]


def app_entry(text: str | None, app: str) -> bool:
    """Whether an entry of INSTALLED_APPS is an app, by its name or its configuration class."""
    return text is not None and (text == app or text.startswith(f"{app}.apps."))


def literals_of(
    module: SettingsModule, name: str
) -> Iterator[tuple[SettingsModule, cst.List | cst.Tuple]]:
    """The lists and tuples, written out, that a setting is put together from by ``+``, ``+=``,
    ``*`` and other names."""
    seen: set[tuple[str, str]] = set()

    def of_name(wanted: str) -> Iterator[tuple[SettingsModule, cst.List | cst.Tuple]]:
        for where, one in module.values(wanted):
            if (where.path, wanted) not in seen or one.value is not None:
                yield from of_value(where, one.value, wanted)

    def of_value(
        where: SettingsModule, value: cst.CSTNode, wanted: str
    ) -> Iterator[tuple[SettingsModule, cst.List | cst.Tuple]]:
        if isinstance(value, (cst.List, cst.Tuple)):
            yield where, value
            for element in value.elements:
                if isinstance(element, cst.StarredElement):
                    yield from of_value(where, element.value, wanted)
        elif isinstance(value, cst.BinaryOperation):
            yield from of_value(where, value.left, wanted)
            yield from of_value(where, value.right, wanted)
        elif isinstance(value, cst.Name) and value.value != wanted:
            if (where.path, value.value) not in seen:
                seen.add((where.path, value.value))
                yield from of_name(value.value)
        elif isinstance(value, cst.Call) and _is_conversion(value):
            yield from of_value(where, value.args[0].value, wanted)

    seen.add((module.path, name))
    yield from of_name(name)


def strings_of(module: SettingsModule, name: str) -> list[str]:
    """The strings in those lists and in calls of ``append`` and the like on the setting."""
    found = [
        text
        for _, literal in literals_of(module, name)
        for element in literal.elements
        if (text := string_value(element.value)) is not None
    ]
    for where, one in module.values(name):
        if not one.fresh:
            found += [text for node in below(one.value) if (text := string_value(node)) is not None]
        del where
    return found


def dict_entries(value: cst.CSTNode) -> dict[str, cst.DictElement]:
    """The entries of a dictionary that is written out, whose keys are strings."""
    if not isinstance(value, cst.Dict):
        return {}
    return {
        key: element
        for element in value.elements
        if isinstance(element, cst.DictElement) and (key := string_value(element.key)) is not None
    }


def _is_conversion(call: cst.Call) -> bool:
    return (
        isinstance(call.func, cst.Name)
        and call.func.value in {"list", "tuple", "sorted"}
        and len(call.args) == 1
    )


def _is_marked(project: Project, module: SettingsModule) -> bool:
    if any(module.knows(key) for key in _OLD_KEYS):
        return True
    return uses_notifs(project) and any(
        app_entry(text, "notifications") for text in strings_of(module, "INSTALLED_APPS")
    )


def _assigns_settings(source: PythonSource) -> bool:
    wanted = {"INSTALLED_APPS", "DATABASES", *_OLD_KEYS}
    return any(
        name in wanted
        for _, part in _statements(source.module.body)
        for name, _, _ in _targets(part)
    )


def _built_upon(project: Project, known: Mapping[str, PythonSource]) -> dict[str, PythonSource]:
    """The modules that import everything of those, or of modules that do."""
    stars = {
        source.path: source
        for source in project.sources_with("import *")
        if source.path not in known
        and any(isinstance(one.names, cst.ImportStar) for one in source.of_type(cst.ImportFrom))
    }
    found: dict[str, PythonSource] = {}
    grows = True
    while grows:
        grows = False
        for path, source in stars.items():
            bases = _base_paths(project, source) if path not in found else []
            if any(base in known or base in found for base in bases):
                found[path] = source
                grows = True
    return found


def _any(project: Project, path: str) -> PythonSource:
    source = project.cache.get(path, project.text(path))
    if source is None:
        raise ValueError(path)
    return source


def _base_paths(project: Project, source: PythonSource) -> list[str]:
    """The modules of the project that a settings module imports from."""
    found = []
    for statement in source.of_type(cst.ImportFrom):
        star = isinstance(statement.names, cst.ImportStar)
        if not star and not any(
            alias.evaluated_name.isupper()
            for alias in statement.names  # type: ignore[union-attr]
        ):
            continue
        path = project.module_path(imported_module(project, source, statement))
        if path is not None and project.cache.get(path, project.text(path)) is not None:
            found.append(path)
    return found


def _statements(
    body: Sequence[cst.CSTNode],
) -> Iterator[tuple[cst.SimpleStatementLine, cst.BaseSmallStatement]]:
    """The simple statements at the top level, those below if, try, with, for and else too."""
    for statement in body:
        if isinstance(statement, cst.SimpleStatementLine):
            for part in statement.body:
                yield statement, part
        elif isinstance(statement, (cst.FunctionDef, cst.ClassDef)):
            continue
        elif isinstance(
            statement,
            (
                *(cst.If, cst.Else, cst.Try, cst.ExceptHandler, cst.Finally),
                *(cst.With, cst.For, cst.While, cst.IndentedBlock),
            ),
        ):
            yield from _statements(list(children(statement)))


def _targets(
    part: cst.BaseSmallStatement,
) -> Iterator[tuple[str, cst.BaseExpression, bool]]:
    """Name, value, and whether the name is made anew, of what a statement sets or changes."""
    if isinstance(part, cst.Assign):
        for target in part.targets:
            name = _root_name(target.target)
            if name:
                whole = isinstance(target.target, cst.Name)
                yield name, part.value, whole and not _mentions(part.value, name)
    elif isinstance(part, cst.AnnAssign) and part.value is not None:
        if isinstance(part.target, cst.Name):
            name = part.target.value
            yield name, part.value, not _mentions(part.value, name)
    elif isinstance(part, cst.AugAssign):
        name = _root_name(part.target)
        if name:
            yield name, part.value, False
    elif isinstance(part, cst.Expr) and isinstance(part.value, cst.Call):
        call = part.value
        if isinstance(call.func, cst.Attribute):
            name = _root_name(call.func.value)
            if name:
                yield name, call, False


def _root_name(target: cst.CSTNode) -> str:
    """``X`` of ``X``, ``X["a"]`` and ``X["a"]["b"]``."""
    while isinstance(target, cst.Subscript):
        target = target.value
    return target.value if isinstance(target, cst.Name) else ""


def _mentions(value: cst.CSTNode, name: str) -> bool:
    return any(isinstance(node, cst.Name) and node.value == name for node in below(value))
