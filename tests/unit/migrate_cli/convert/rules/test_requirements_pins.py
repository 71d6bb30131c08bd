"""Pins."""

from __future__ import annotations

import pytest
from rule_projects import assert_untouched, project_of, rule_named, text_after

from migrate_cli.convert.engine import convert
from migrate_cli.convert.findings import Safety

RULE = "requirements_pins"
STACK = "django-notifs==4.0.0\n"


@pytest.mark.parametrize(
    "line",
    [
        "Django==5.2.3",
        "django>=2.2",
        "Django",
        "Django>=6.0,<6.1",
        "unknown==0.1",
        "# Django==2.2",
        "-e git+https://example.org/Unknown@2.2#egg=Unknown",
        "Unknown @ https://example.org/unknown.tar.gz",
        "-r other.txt",
    ],
)
def test_what_works_or_is_not_known_stays(line: str) -> None:
    assert not assert_untouched(RULE, {"requirements.txt": f"{STACK}{line}\n"}).findings


def test_hashed_pins_are_listed() -> None:
    text = f"{STACK}pika==0.11.2 --hash=sha256:00\ngevent==21.1.2 \\\n    --hash=sha256:11\n"
    findings = assert_untouched(RULE, {"requirements.txt": text}).findings
    assert [one.safety for one in findings] == [Safety.BY_HAND] * 2


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Django==2.2.18", "Django==5.2.19"),
        ("django ~= 2.2  # LTS", "django ~= 5.2  # LTS"),
        ("Django>=2.0,<3", "Django>=5.2,<5.3"),
        ("pika<1", "pika>=1.4,<2"),
        (
            "celery[redis]==4.4.7; python_version < '3.12'",
            "celery[redis]==5.7.0; python_version < '3.12'",
        ),
        ("channels_postgres==0.0.3", "channels_postgres==1.1.4"),
    ],
)
def test_pins_keep_their_style(before: str, after: str) -> None:
    text = text_after(RULE, {"requirements.txt": f"{STACK}{before}\n"})
    assert text == f"{STACK}{after}\n"


@pytest.mark.parametrize(
    ("name", "line", "is_listed"),
    [
        ("Pipfile", 'python_version = "3.6"', True),
        ("pyproject.toml", 'requires-python = ">=3.7"', True),
        ("pyproject.toml", 'python = "^3.6"', True),
        ("pyproject.toml", 'requires-python = ">=3.12"', False),
        ("setup.cfg", "python_requires = >=3.9", True),
    ],
)
def test_a_python_that_is_too_old_is_listed(name: str, line: str, *, is_listed: bool) -> None:
    findings = assert_untouched(RULE, {name: f"[x]\n{line}\n"}).findings
    assert [one.safety for one in findings] == [Safety.BY_HAND] * is_listed


def test_line_ends_stay() -> None:
    text = text_after(RULE, {"requirements.txt": "django-notifs==2.6.4\r\npika==0.11.2\r\n"})
    assert text == "django-notifs==4.0.0\r\npika==1.4.4\r\n"


def test_pins_that_cannot_work_on_the_chosen_python_are_named() -> None:
    files = {"requirements.txt": f"{STACK}pika==0.11.2\nDjango==4.2.1\n"}
    findings = convert(project_of(files, python=(3, 12)), [rule_named(RULE)]).findings
    assert "cannot work on Python 3.12: `async`" in findings[0].what
    assert "cannot work on Python 3.12: it imports distutils" in findings[1].what
    findings = convert(project_of(files, python=(3, 11)), [rule_named(RULE)]).findings
    assert "cannot work" not in findings[1].what


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        (
            "pyproject.toml",
            "[project]\ndependencies = [\n  'Django==2.2',  # old\n]\n",
            "[project]\ndependencies = [\n  'Django==5.2.19',  # old\n]\n",
        ),
        (
            "pyproject.toml",
            '[dependency-groups]\ndev = ["pika==0.11.2", {include-group = "x"}]\n',
            '[dependency-groups]\ndev = ["pika==1.4.4", {include-group = "x"}]\n',
        ),
        (
            "pyproject.toml",
            '[tool.poetry.dependencies]\nDjango = "^2.2"\ngevent = {version = "21.1.2", extras = ["x"]}\n',
            '[tool.poetry.dependencies]\nDjango = "^5.2"\ngevent = {version = "26.9.0", extras = ["x"]}\n',
        ),
        (
            "Pipfile",
            '[packages]\ndjango = "==2.2.18"\nsix = "*"\n[requires]\npython_version = "3.12"\n',
            '[packages]\ndjango = "==5.2.19"\nsix = "*"\n[requires]\npython_version = "3.12"\n',
        ),
        (
            "setup.cfg",
            "[options]\ninstall_requires =\n    Django==2.2\n    six\nzip_safe = no\n",
            "[options]\ninstall_requires =\n    Django==5.2.19\n    six\nzip_safe = no\n",
        ),
        (
            "requirements/prod.txt",
            "uwsgi==2.0.19.1\n",
            "uwsgi==2.0.31\n",
        ),
    ],
)
def test_every_form_is_understood(name: str, before: str, after: str) -> None:
    assert text_after(RULE, {name: before, "requirements.txt": STACK}) == after


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        (
            "setup.py",
            "from setuptools import setup\nsetup(install_requires=[\n    'django-notifs==2.6.4',\n"
            "    \"pika>=0.11,<0.12; python_version < '3.7'\",\n], extras_require={'ws': ('gevent==1.4',)})\n",
            "from setuptools import setup\nsetup(install_requires=[\n    'django-notifs==4.0.0',\n"
            "    \"pika>=1.4,<2; python_version < '3.7'\",\n], extras_require={'ws': ('gevent==26.9.0',)})\n",
        ),
        (
            "setup.py",
            "import setuptools\nNEEDS = ['pika==0.11.2']\nsetuptools.setup(install_requires=NEEDS)\n",
            "import setuptools\nNEEDS = ['pika==1.4.4']\nsetuptools.setup(install_requires=NEEDS)\n",
        ),
        (
            "pyproject.toml",
            '[tool.uv]\ndev-dependencies = ["channels==3.0.3"]\nconstraint-dependencies = ["django<3"]\n',
            '[tool.uv]\ndev-dependencies = ["channels==4.3.2"]\nconstraint-dependencies = ["django>=5.2,<5.3"]\n',
        ),
        (
            "pyproject.toml",
            '[tool.poetry.dependencies.channels]\nversion = "^2.4"\nextras = ["daphne"]\n',
            '[tool.poetry.dependencies.channels]\nversion = "^4.3"\nextras = ["daphne"]\n',
        ),
        (
            "environment.yml",
            "dependencies:\n  - pip:\n    - pika==0.11.2\n    - six\n",
            "dependencies:\n  - pip:\n    - pika==1.4.4\n    - six\n",
        ),
    ],
)
def test_other_places_where_pins_are_kept(path: str, before: str, after: str) -> None:
    assert text_after(RULE, {path: before}) == after


def test_a_file_that_is_included_is_read() -> None:
    files = {
        "more/pins": "",
        "more/deps.txt": "pika==0.11.2\n",
        "requirements.txt": "-r more/deps.txt\n",
    }
    files["requirements-base.txt"] = STACK
    result = convert(project_of(files), [rule_named(RULE)])
    assert result.after.text("more/deps.txt") == "pika==1.4.4\n"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("requirements.txt", "-e git+https://example.org/x.git@2.2#egg=django-notifs\n"),
        ("requirements.txt", "django-notifs @ https://example.org/x.tar.gz\n"),
        ("environment.yml", "dependencies:\n  - django=2.2\n  - pip\n"),
        (
            "pyproject.toml",
            '[tool.poetry.dependencies]\ncelery = [\n  {version = "^4.4", python = "<3.8"},\n]\n',
        ),
    ],
)
def test_what_only_a_person_can_change_is_listed(path: str, text: str) -> None:
    files = {path: text, "requirements-base.txt": STACK}
    (finding,) = assert_untouched(RULE, files).findings
    assert finding.safety is Safety.BY_HAND
