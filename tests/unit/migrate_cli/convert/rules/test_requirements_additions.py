"""What the new server requires."""

from __future__ import annotations

import tomlkit
from rule_projects import assert_untouched, converted, text_after

from migrate_cli.convert.findings import Safety

RULE = "requirements_additions"
ALL = "channels\nchannels-postgres\npsycopg[binary,pool]\nuvicorn\nwsmigrate[server]\n"


def test_what_is_there_is_not_added() -> None:
    assert not assert_untouched(RULE, {"requirements.txt": f"django-notifs\n{ALL}"}).findings


def test_what_another_file_has_is_not_added() -> None:
    files = {"requirements.txt": "django-notifs\n", "requirements-more.txt": ALL}
    assert not assert_untouched(RULE, files).findings


def test_without_requirements_it_is_noted() -> None:
    files = {"requirements.txt": "", "w.py": "import uwsgi\nuwsgi.websocket_send(b'')\n"}
    (finding,) = assert_untouched(RULE, files).findings
    assert finding.safety is Safety.NOTE


def test_without_a_place_it_is_listed() -> None:
    files = {"requirements.txt": "six\n", "w.py": "import uwsgi\nuwsgi.websocket_send(b'')\n"}
    (finding,) = assert_untouched(RULE, files).findings
    assert finding.safety is Safety.BY_HAND


def test_ranges_where_ranges_are_used() -> None:
    text = text_after(RULE, {"requirements.txt": "django-notifs>=4\n"})
    assert "channels>=4.3,<5\n" in text


def test_a_list_in_one_line_is_extended_in_it() -> None:
    files = {
        "pyproject.toml": '[project]\ndependencies = ["django-notifs==4.0.0", "six"]\n',
        "requirements.txt": "",
    }
    text = text_after(RULE, files)
    assert '"django-notifs==4.0.0", "channels==4.3.2", ' in text
    assert text.endswith('"wsmigrate[server,bridge,cli]", "six"]\n')


def test_a_table_of_its_own_is_not_written_twice_or_into() -> None:
    files = {
        "pyproject.toml": '[tool.poetry.dependencies]\ndjango = "^5.2"\n\n'
        '[tool.poetry.dependencies.channels]\nversion = "^4.3"\n\n'
        '[tool.poetry.dependencies.django-notifs]\nversion = "^4.0"\n',
        "requirements.txt": "",
    }
    text = text_after(RULE, files)
    assert 'django = "^5.2"\nchannels-postgres = ' in text
    assert tomlkit.parse(text)["tool"]


def test_setup_py_is_extended_in_its_quotes() -> None:
    files = {
        "setup.py": "from setuptools import setup\nsetup(install_requires=[\n    'django-notifs>=4',  # rooms\n])\n",
        "requirements.txt": "",
    }
    text = text_after(RULE, files)
    assert "    'django-notifs>=4',\n    'channels>=4.3,<5',\n" in text
    assert text.endswith("    'wsmigrate[server,bridge,cli]',  # rooms\n])\n")


def test_constraints_are_not_extended() -> None:
    files = {"constraints.txt": "django-notifs==4.0.0\n", "requirements.txt": "django-notifs\n"}
    result = converted(RULE, files)
    assert list(result.changed) == ["requirements.txt"]


def test_pips_list_in_condas_file_is_extended() -> None:
    files = {
        "environment.yml": "dependencies:\n  - pip:\n    - django-notifs==4.0.0\n",
        "requirements.txt": "",
    }
    assert "\n    - channels==4.3.2\n" in text_after(RULE, files)
