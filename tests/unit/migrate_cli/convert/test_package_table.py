"""The releases that the rules write, against those that are installed and tested here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import tomllib
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from migrate_cli.convert.package_table import NEEDED, PACKAGES, REPLACED
from migrate_cli.convert.rules.requirements_additions import WSMIGRATE

ROOT = Path(__file__).resolve().parents[4]
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)


def pins(name: str) -> dict[str, set[str]]:
    """The pins of a file in requirements/: one for each Python that they differ for."""
    found: dict[str, set[str]] = {}
    for package, version in _PIN.findall((ROOT / "requirements" / name).read_text()):
        found.setdefault(canonicalize_name(package), set()).add(version)
    return found


def own_requirements() -> list[Requirement]:
    """What wsmigrate itself requires, with the extras that the rules add."""
    data = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lists = [data["optional-dependencies"][extra] for extra in Requirement(WSMIGRATE).extras]
    return [Requirement(one) for each in lists for one in each]


@pytest.mark.parametrize("name", ["dev.txt", "channels.txt", "bridge.txt", "cli.txt"])
def test_pins_are_those_that_are_tested(name: str) -> None:
    tested = pins(name)
    assert tested
    differ = {
        package: (known.pin, tested[package])
        for package, known in PACKAGES.items()
        if package in tested and known.pin not in tested[package]
    }
    assert not differ, "write what requirements/ has into package_table.py"


@pytest.mark.parametrize("package", PACKAGES)
def test_the_oldest_release_is_not_newer_than_the_pin(package: str) -> None:
    known = PACKAGES[package]
    assert Version(known.least) <= Version(known.pin)
    assert Requirement(package + known.range).specifier.contains(known.pin)


def test_what_the_rules_allow_wsmigrate_allows_too() -> None:
    refused = [
        f"{one.name}: {version}"
        for one in own_requirements()
        if (known := PACKAGES.get(canonicalize_name(one.name))) is not None
        for version in (known.least, known.pin)
        if not one.specifier.contains(version)
    ]
    assert not refused


def test_what_is_added_has_a_release() -> None:
    assert {name.partition("[")[0] for name in NEEDED} <= PACKAGES.keys()
    assert {new for new, _ in REPLACED.values()} <= PACKAGES.keys()
