"""A project as the rules see it: its files, the modules that were read, and what it uses."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

import libcst as cst

from migrate_cli.convert.files import ProjectFile, read_files
from migrate_cli.convert.python_source import PythonSource
from migrate_cli.convert.syntax import depth

DJANGO_HINTS = (
    *("django.conf.urls", "django.conf import urls", "ugettext", "ungettext", "force_text"),
    *("smart_text", "urlquote", "contrib.postgres.fields", "is_safe_url", "NullBooleanField"),
    *("urlresolvers", "django.contrib.auth.views", "staticfiles.templatetags"),
    *("render_to_response", "python_2_unicode_compatible", "django.utils.six", "import six"),
    "django.utils.timezone",
)
"""Of what Django took away; see rules/django_removed.py."""

HINTS = (
    "notif",  # what a module of the project takes from django-notifs and others from that
    "NOTIFICATIONS_",
    "pika",
    "uwsgi",
    *("rest_framework_jwt", "_jwt_token", "JSONWebToken", "JWT_AUTH"),
    "import *",  # as settings have it that build on others
    "INSTALLED_APPS",
    "DATABASES",
    "DATABASE_ROUTERS",
    "CHANNEL_LAYERS",
    "ASGI_APPLICATION",
    "WSGI_APPLICATION",
    "DJANGO_SETTINGS_MODULE",
    "ProtocolTypeRouter",
    "get_asgi_application",
    "AppConfig",
    *("urlpatterns", "URLRouter"),  # of channels_consumers
    "construct_message",
    *DJANGO_HINTS,
)
"""A module that holds none of these words concerns no rule, so it need not be parsed."""

_DEEPEST = 250
"""Levels of a tree. Code that people write has less than a hundred."""
_HINT = re.compile("|".join(re.escape(word) for word in HINTS))


@dataclass(frozen=True)
class Options:
    """What the rules take from the command line."""

    python: tuple[int, int] = (3, 12)
    """The Python that the converted project is to run on."""
    prefilter: bool = True
    """Parse only modules that hold one of HINTS. The result is the same without."""


@dataclass
class SourceCache:
    """Parsed modules, so that a module that did not change is parsed once."""

    sources: dict[tuple[str, str], PythonSource | None] = field(default_factory=dict)

    def get(self, path: str, text: str) -> PythonSource | None:
        """The module; None if it cannot be parsed."""
        key = (path, text)
        if key not in self.sources:
            self.sources[key] = _parsed(path, text)
        return self.sources[key]


def _parsed(path: str, text: str) -> PythonSource | None:
    if _is_too_deep_for_python(text):
        return None
    try:
        source = PythonSource(path, text)
    except (cst.ParserSyntaxError, cst.CSTValidationError, RecursionError, ValueError):
        return None
    # LibCST's visitors go down by recursion, several frames for each level.
    return source if depth(source.module) <= _DEEPEST else None


def _is_too_deep_for_python(text: str) -> bool:
    """Whether Python's own parser gives up on how deep a module is nested. LibCST's has no such
    limit, and ends the process when its stack is used up."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (MemoryError, RecursionError):
        return True
    except SyntaxError as error:
        return "too many" in str(error.msg) or "too complex" in str(error.msg)
    except ValueError:
        return True  # a null byte
    return False


class Project:
    """A tree of files in one state. Rules read it; the engine makes the next state of it."""

    def __init__(
        self, files: Mapping[str, ProjectFile], options: Options, cache: SourceCache | None = None
    ) -> None:
        self.files = dict(files)
        self.options = options
        self.cache = cache or SourceCache()
        self._paths: dict[tuple[str, ...], list[str]] = {}
        self._origins: dict[str, str] = {}

    @classmethod
    def read(cls, root: Path, options: Options) -> Project:
        """The project in a folder."""
        return cls({one.path: one for one in read_files(root)}, options)

    def text(self, path: str) -> str:
        """The text of a file; "" if there is none."""
        found = self.files.get(path)
        return found.text if found is not None else ""

    def with_texts(self, texts: Mapping[str, str | None]) -> Project:
        """The project with other texts in some files; None takes a file away."""
        files = dict(self.files)
        for path, text in texts.items():
            if text is None:
                files.pop(path, None)
            elif path in files:
                old = files[path]
                files[path] = ProjectFile(
                    path, text, old.data, old.encoding, old.bom, old.left_alone
                )
            else:
                files[path] = ProjectFile(path, text, b"")
        return Project(files, self.options, self.cache)

    @cached_property
    def sources(self) -> dict[str, PythonSource]:
        """The modules that may concern a rule, by path."""
        found = {}
        for path, one in self.files.items():
            if not path.endswith(".py"):
                continue
            if self.options.prefilter and not _HINT.search(one.text):
                continue
            source = self.cache.get(path, one.text)
            if source is not None:
                found[path] = source
        return found

    @cached_property
    def unparsed(self) -> list[ProjectFile]:
        """Python files that may concern a rule, and are none that this Python's grammar knows, or
        could not be read; notebooks too."""
        return [
            one
            for path, one in self.files.items()
            if path.endswith((".py", ".ipynb"))
            and path not in self.sources
            and (_HINT.search(one.text) or (one.left_alone and not one.data))
        ]

    def sources_with(self, *words: str) -> Iterator[PythonSource]:
        """The modules whose text holds one of the words, with the prefilter and without it. Each
        word has to hold one of HINTS."""
        for source in self.sources.values():
            if any(word in source.text for word in words):
                yield source

    def paths(self, *patterns: str) -> list[str]:
        """The paths whose last part, or last two, match one of the patterns (``*.txt``)."""
        if patterns not in self._paths:
            wanted = re.compile("|".join(_pattern(one) for one in patterns))
            nested = any("/" in one for one in patterns)
            self._paths[patterns] = [
                path
                for name, paths in self._by_name.items()
                for path in paths
                if wanted.fullmatch(name) or (nested and wanted.fullmatch(_last_two(path)))
            ]
        return self._paths[patterns]

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in self.files:
            found.setdefault(path.rpartition("/")[2], []).append(path)
        return found

    @cached_property
    def sites(self) -> list[Project]:
        """The project once for each of its sites, where several stand beside one another: the site
        and what belongs to none. A name may mean another module in each of them."""
        folders = {PurePosixPath(path).parent.as_posix() for path in self.paths("manage.py")}
        outer = [one for one in folders if not any(_is_below(one, other) for other in folders)]
        if len(outer) < 2:
            return [self]
        return [
            Project(
                {
                    path: one
                    for path, one in self.files.items()
                    if not any(_is_below(path, other) for other in outer if other != folder)
                },
                self.options,
                self.cache,
            )
            for folder in sorted(outer)
        ]

    @cached_property
    def import_roots(self) -> list[str]:
        """Folders that are on the import path: those of manage.py, the tree's root, ``src``."""
        roots = {str(PurePosixPath(path).parent) for path in self.paths("manage.py")}
        roots |= {"."} | ({"src"} if any(path.startswith("src/") for path in self.files) else set())
        return sorted(roots, key=lambda root: (-len(PurePosixPath(root).parts), root))

    def module_path(self, dotted: str) -> str | None:
        """The file of a module of the project; None for modules of others."""
        inner = dotted.replace(".", "/")
        for root in self.import_roots:
            for end in (".py", "/__init__.py"):
                path = (PurePosixPath(root) / f"{inner}{end}").as_posix()
                if path in self.files:
                    return path
        return None

    def module_name(self, path: str) -> str:
        """The dotted name by which a file of the project is imported."""
        for root in self.import_roots:
            inside = PurePosixPath(path)
            if root == "." or inside.is_relative_to(root):
                inner = inside if root == "." else inside.relative_to(root)
                return ".".join(inner.with_suffix("").parts).removesuffix(".__init__")
        return ""

    @cached_property
    def _top_levels(self) -> set[str]:
        """The names of modules and packages, those without ``__init__.py`` too."""
        found = set()
        for root in self.import_roots:
            start = "" if root == "." else f"{root}/"
            for path in self.files:
                if path.endswith(".py") and path.startswith(start):
                    found.add(path[len(start) :].partition("/")[0].removesuffix(".py"))
        return found

    def is_local(self, package: str) -> bool:
        """Whether a top-level name is a module or package of the project itself."""
        return package in self._top_levels

    def absolute(self, source: PythonSource, dotted: str) -> str:
        """A name as `PythonSource.qualified` gives it, with leading dots resolved."""
        if not dotted.startswith("."):
            return dotted
        level = len(dotted) - len(dotted.lstrip("."))
        parts = self.module_name(source.path).split(".")
        if not source.path.endswith("__init__.py"):
            parts = parts[:-1]
        base = parts[: len(parts) - (level - 1)]
        return ".".join([*base, dotted.lstrip(".")])

    def name_of(self, source: PythonSource, node: cst.CSTNode) -> str:
        """The dotted name of an imported thing; "" for anything else."""
        return self.origin(self.absolute(source, source.qualified(node)))

    def origin(self, dotted: str) -> str:
        """The name by which a thing is known where it is made, if a module of the project has only
        imported it."""
        if dotted not in self._origins:
            self._origins[dotted] = dotted  # where imports go round in a circle
            self._origins[dotted] = self._origin(dotted)
        return self._origins[dotted]

    def _origin(self, dotted: str) -> str:
        module, _, rest = dotted.rpartition(".")
        if not module or not self.is_local(dotted.partition(".")[0]):
            return dotted
        path = self.module_path(module)
        if path is None:
            known = self.origin(module)
            return self.origin(f"{known}.{rest}") if known != module else dotted
        text = self.text(path)
        # The others are not parsed, with the prefilter and without it.
        source = self.cache.get(path, text) if _HINT.search(text) else None
        name = source.imported(rest) if source is not None else ""
        return self.origin(self.absolute(source, name)) if source is not None and name else dotted


def _is_below(path: str, folder: str) -> bool:
    return path != folder and (folder == "." or path.startswith(f"{folder}/"))


def _last_two(path: str) -> str:
    return "/".join(path.split("/")[-2:])


def _pattern(glob: str) -> str:
    return "[^/]*".join(map(re.escape, glob.split("*")))
