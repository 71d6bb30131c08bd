"""The import rules: who may know whom (see docs/architecture.md)."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = frozenset(
    {"bridge", "channels_ws", "compat_tests", "dev_stack", "legacy_uwsgi_ws", "migrate_cli"}
)
APART = ("legacy_uwsgi_ws", "channels_ws", "bridge", "compat_tests")
RUNS_ON_PYTHON_39 = ("wsmigrate", "legacy_uwsgi_ws", "channels_ws/notify")


def modules_in(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imports_of(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            yield node.module or ""


def top_levels(module: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports_of(module)}


@pytest.mark.parametrize("package", sorted(PACKAGES | {"wsmigrate"}))
def test_every_package_has_modules_to_look_at(package: str) -> None:
    assert modules_in(package)


def test_the_core_imports_only_the_standard_library_and_itself() -> None:
    allowed = sys.stdlib_module_names | {"wsmigrate"}
    for module in modules_in("wsmigrate"):
        assert top_levels(module) <= allowed, module


@pytest.mark.parametrize("package", APART)
def test_servers_bridge_and_suite_do_not_import_one_another(package: str) -> None:
    for module in modules_in(package):
        assert not top_levels(module) & (PACKAGES - {package}), module


def test_the_publisher_imports_nothing_else_of_the_new_server() -> None:
    for module in modules_in("channels_ws/notify"):
        ours = {name for name in imports_of(module) if name.startswith("channels_ws")}
        assert all(name.startswith("channels_ws.notify") for name in ours), module


def test_the_sample_site_imports_no_tool() -> None:
    for module in modules_in("examples"):
        assert not top_levels(module) & {"migrate_cli", "dev_stack", "bridge"}, module


@pytest.mark.parametrize("folder", RUNS_ON_PYTHON_39)
def test_what_the_old_environment_runs_parses_on_python_3_9(folder: str) -> None:
    for module in modules_in(folder):
        ast.parse(module.read_text(encoding="utf-8"), feature_version=(3, 9))
