"""What the new server requires."""

from __future__ import annotations

from rule_projects import assert_untouched, text_after

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
