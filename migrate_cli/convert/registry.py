"""The rules: one a module of `rules/`, each of which registers itself when it is imported."""

from __future__ import annotations

import enum
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migrate_cli.convert.findings import Finding

if TYPE_CHECKING:
    from migrate_cli.convert.project import Project


class Phase(enum.Enum):
    """When a rule applies."""

    CUTOVER = "cutover"
    """`convert`: the project can run both servers."""
    FINISH = "finish"
    """`convert --finish`: the old one is gone."""


@dataclass(frozen=True)
class Example:
    """A small project before and after a rule alone. The file that the documentation shows comes
    first. An empty text stands for no file."""

    before: Mapping[str, str]
    after: Mapping[str, str] = field(default_factory=dict)
    unsafe: bool = False


@dataclass(frozen=True)
class Rule:
    """A rule. ``examine`` looks at the whole project and changes nothing."""

    name: str
    title: str
    follows: str
    """The release note or document that the rule follows."""
    example: Example
    examine: Callable[[Project], Iterable[Finding]]
    phase: Phase
    order: int
    """Rules that write at one place write in this order."""


_RULES: dict[str, Rule] = {}


def rule(
    *,
    title: str,
    follows: str,
    example: Example,
    phase: Phase = Phase.CUTOVER,
    order: int = 50,
) -> Callable[[Callable[[Project], Iterable[Finding]]], Callable[[Project], Iterable[Finding]]]:
    """Register a function as the rule that has its module's name."""

    def register(
        examine: Callable[[Project], Iterable[Finding]],
    ) -> Callable[[Project], Iterable[Finding]]:
        name = examine.__module__.rpartition(".")[2]
        if name in _RULES:
            raise ValueError(f"two rules are called {name}")
        _RULES[name] = Rule(name, title, follows, example, examine, phase, order)
        return examine

    return register


def all_rules() -> list[Rule]:
    """Every rule, in the order in which they are to run."""
    from migrate_cli.convert import rules  # noqa: PLC0415 - they import this module

    for module in pkgutil.iter_modules(rules.__path__):
        importlib.import_module(f"{rules.__name__}.{module.name}")
    return sorted(_RULES.values(), key=lambda one: (one.order, one.name))
