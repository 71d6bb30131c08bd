"""ASGI_APPLICATION."""

from __future__ import annotations

import pytest
from rule_projects import assert_untouched, converted, text_after

from migrate_cli.convert.findings import Safety

RULE = "settings_asgi_application"
APPS = "INSTALLED_APPS = ['notifications']\n"


@pytest.mark.parametrize("line", ["ASGI_APPLICATION = 'a.b.c'\n", "ASGI_APPLICATION = env('A')\n"])
def test_one_that_is_set_stays(line: str) -> None:
    assert not assert_untouched(RULE, {"s.py": APPS + line, "w/wsgi.py": ""}).findings


def test_one_in_another_module_of_the_site_stays() -> None:
    files = {
        "s/base.py": APPS,
        "s/prod.py": "from .base import *\nDATABASES = {}\nASGI_APPLICATION = 'x.y'\n",
    }
    assert not assert_untouched(RULE, files).findings


def test_without_entry_points_it_is_listed() -> None:
    (finding,) = assert_untouched(RULE, {"s.py": APPS}).findings
    assert finding.safety is Safety.BY_HAND


def test_it_follows_wsgi() -> None:
    text = f"{APPS}WSGI_APPLICATION = 'web.wsgi.application'"
    after = text_after(RULE, {"web/settings.py": text, "web/wsgi.py": ""})
    assert after == f"{text}\nASGI_APPLICATION = 'web.asgi.application'\n"


def test_the_folder_of_manage_is_on_the_import_path() -> None:
    text = f"{APPS}ROOT_URLCONF = 'web.urls'\n"
    files = {"backend/web/settings.py": text, "backend/web/urls.py": "", "backend/manage.py": ""}
    assert "ASGI_APPLICATION = 'web.asgi.application'" in text_after(RULE, files)


def test_annotated_settings_are_understood() -> None:
    text = f"{APPS}WSGI_APPLICATION: str = 'web.wsgi.app'\n"
    result = converted(RULE, {"web/settings.py": text, "web/wsgi.py": ""})
    assert "ASGI_APPLICATION = 'web.asgi.application'" in result.after.text("web/settings.py")
