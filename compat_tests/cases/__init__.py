"""The cases, as data: one module a group."""

from __future__ import annotations

from compat_tests.cases import clients, rooms, sizes, streams, texts
from compat_tests.cases.case import Case
from wsmigrate.errors import ConfigError


def all_cases() -> tuple[Case, ...]:
    """All cases, in the order in which they are shown."""
    return (*sizes.CASES, *texts.CASES, *streams.CASES, *rooms.CASES, *clients.CASES)


def chosen_cases(names: tuple[str, ...]) -> tuple[Case, ...]:
    """The cases whose name or group is among those given; all of them without any. Raises
    ConfigError."""
    cases = all_cases()
    known = {case.name for case in cases} | {case.group for case in cases} | {"generated"}
    unknown = sorted(set(names) - known)
    if unknown:
        raise ConfigError(
            f"There is no case {', '.join(unknown)}.", remedy="`wsmigrate parity cases` lists them."
        )
    return tuple(case for case in cases if not names or {case.name, case.group} & set(names))
