"""How far it reaches: large trees in bounded time, and large packages that do not concern it."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from site_process import PROJECTS

from migrate_cli.convert import engine
from migrate_cli.convert.project import Options, Project
from migrate_cli.convert.registry import Phase, all_rules
from migrate_cli.convert.report import as_json
from old_packages import old_packages

RULES = [rule for rule in all_rules() if rule.phase is Phase.CUTOVER]
INSTALLED = ["django", "rest_framework"]
DOWNLOADED = ["allauth", "django_extensions", "debug_toolbar"]


def source_folder(package: str) -> Path:
    found = importlib.util.find_spec(package)
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent


@pytest.mark.parametrize("package", [*INSTALLED, *DOWNLOADED])
def test_no_rule_rewrites_anything_in_a_large_package(package: str, tmp_path: Path) -> None:
    if package in DOWNLOADED:
        folder = old_packages(Path(sys.executable), "large-packages.txt") / package
    else:
        folder = source_folder(package)
    root = tmp_path / "tree"
    shutil.copytree(folder, root / package, ignore=shutil.ignore_patterns("*.pyc", "*.js", "*.mo"))
    project = Project.read(root, Options())
    assert len(project.files) > 30
    result = engine.convert(project, RULES, unsafe=True)
    assert not result.uses_stack
    # Also if the tree were part of a site on the old stack: nothing in it is to be rewritten.
    (root / "requirements.txt").write_text("django-notifs==4.0.0\n")
    code = [rule for rule in RULES if not rule.name.startswith(("requirements", "settings_d"))]
    result = engine.convert(Project.read(root, Options()), code, unsafe=True)
    assert result.uses_stack
    assert not result.changed, list(result.changed)


def copies(tree: Path, plain: int, concerned: int) -> None:
    """Modules of Django that concern no rule, and copies of the tutorial's that concern some."""
    shutil.copytree(PROJECTS / "tutorial", tree)
    sources = [
        path.read_text(encoding="utf-8")
        for path in sorted(source_folder("django").rglob("*.py"))
        if 2000 < path.stat().st_size < 9000 and path.parent.name != "migrations"
    ]
    ours = [(tree / "talk" / name).read_text() for name in ("views.py", "channels.py")]
    ours.append((tree / "websocket.py").read_text())
    for number in range(plain + concerned):
        folder = tree / f"part{number % 40}"
        folder.mkdir(exist_ok=True)
        every = (plain + concerned) // concerned
        text = sources[number % len(sources)]
        if number % every == 0:
            text = ours[number % len(ours)].replace("EverybodyInTheRoom", f"Everybody{number}")
        (folder / f"module{number}.py").write_text(text, encoding="utf-8")


def without_diff(result: engine.Conversion) -> str:
    return json.dumps({**as_json(result), "diff": ""}, sort_keys=True)


def test_the_prefilter_changes_nothing_but_the_time(tmp_path: Path) -> None:
    copies(tmp_path / "tree", plain=100, concerned=30)
    options = Options()
    found = [
        engine.convert(Project.read(tmp_path / "tree", one), RULES, unsafe=True)
        for one in (options, replace(options, prefilter=False))
    ]
    assert without_diff(found[0]) == without_diff(found[1])
    assert found[0].findings
    assert found[0].changed == found[1].changed


def test_two_thousand_modules_are_scanned_in_twenty_seconds_of_one_core(tmp_path: Path) -> None:
    copies(tmp_path / "tree", plain=1800, concerned=200)
    started = time.process_time()
    result = engine.scan(Project.read(tmp_path / "tree", Options()), RULES)
    took = time.process_time() - started
    assert len({one.path for one in result.findings}) > 200
    assert took < 20, f"{took:.1f} s"
