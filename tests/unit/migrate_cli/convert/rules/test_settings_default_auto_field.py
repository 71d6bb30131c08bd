"""DEFAULT_AUTO_FIELD."""

from __future__ import annotations

from rule_projects import assert_untouched, text_after

RULE = "settings_default_auto_field"


def test_one_that_is_set_stays() -> None:
    text = "INSTALLED_APPS = ['notifications']\nDEFAULT_AUTO_FIELD = 'x'\n"
    assert not assert_untouched(RULE, {"s.py": text}).findings


def test_one_that_is_set_in_another_module_stays() -> None:
    files = {
        "s/more.py": "DEFAULT_AUTO_FIELD = 'x'\nDATABASES = {}\n",
        "s/base.py": "from .more import *\nINSTALLED_APPS = ['notifications']\n",
    }
    assert not assert_untouched(RULE, files).findings


def test_it_is_added_with_the_files_line_ends() -> None:
    after = text_after(RULE, {"s.py": "INSTALLED_APPS = ['notifications']\r\n"})
    assert after.endswith("\r\n\r\nDEFAULT_AUTO_FIELD = 'django.db.models.AutoField'\r\n")
