"""The layer's database."""

from __future__ import annotations

import pytest
from rule_projects import assert_untouched, converted, text_after

from migrate_cli.convert.findings import Safety

RULE = "settings_database"
APPS = "import os\nINSTALLED_APPS = ['notifications']\n"


def settings(text: str) -> dict[str, object]:
    found: dict[str, object] = {"env": lambda *_: {"ENGINE": "x"}}
    exec(text, found)  # noqa: S102 - settings that the test wrote
    return found


@pytest.mark.parametrize(
    "line",
    [
        "DATABASES = {'default': {}, 'channels_postgres': {}}\n",
        "DATABASES = {}\nDATABASES['channels_postgres'] = env()\n",
    ],
)
def test_an_entry_that_is_there_stays(line: str) -> None:
    assert not assert_untouched(RULE, {"s.py": APPS + line}).findings


def test_databases_that_cannot_be_seen_are_listed() -> None:
    (finding,) = assert_untouched(RULE, {"s.py": APPS}).findings
    assert finding.safety is Safety.BY_HAND


@pytest.mark.parametrize(
    "line",
    [
        "DATABASES = {'default': {'ENGINE': 'x'}}\n",
        "DATABASES = {'default': env('DATABASE_URL')}\n",
        "DATABASES = {}\nDATABASES['default'] = env('X')\n",
        "DATABASES: dict = dict(default=env())\n",
        "if True:\n    DATABASES = {'default': {'ENGINE': 'x'}}\nelse:\n    DATABASES = {}\n",
        "DATABASES = {'default': {'ENGINE': 'x'}}",
    ],
)
def test_the_entry_is_added_whatever_the_others_are_made_of(line: str) -> None:
    found = settings(text_after(RULE, {"s.py": APPS + line}))
    databases = found["DATABASES"]
    assert isinstance(databases, dict)
    assert databases["channels_postgres"] == found["LAYER_DATABASE"]
    assert databases["default"] == {"ENGINE": "x"}
    assert found["LAYER_DATABASE"] is not databases["channels_postgres"]


def test_os_is_imported_where_it_is_not() -> None:
    text = "'Doc.'\nINSTALLED_APPS = ['notifications']\nDATABASES = {'default': {}}\n"
    assert settings(text_after(RULE, {"s.py": text}))["LAYER_DATABASE"]


def test_modules_that_make_databases_anew_get_an_entry_too() -> None:
    files = {
        "s/base.py": f"{APPS}DATABASES = {{'default': {{}}}}\n",
        "s/prod.py": "from .base import *\nDATABASES = {'default': {}}\n",
        "s/test.py": "from s.base import *\nDATABASES['default']['NAME'] = 'x'\n",
    }
    after = converted(RULE, files).after
    assert after.text("s/base.py").count("LAYER_DATABASE = {") == 1
    assert after.text("s/prod.py").endswith("DATABASES['channels_postgres'] = {**LAYER_DATABASE}\n")
    assert after.text("s/test.py") == files["s/test.py"]


def test_a_base_without_databases_describes_the_layer_for_the_others() -> None:
    files = {
        "s/base.py": APPS,
        "s/dev.py": "from .base import *\nDATABASES = {'default': {}}\n",
        "s/prod.py": "from .base import *\nDATABASES = {'default': {}}\n",
    }
    after = converted(RULE, files).after
    assert "LAYER_DATABASE = {" in after.text("s/base.py")
    assert "DATABASES[" not in after.text("s/base.py")
    for name in ("dev", "prod"):
        assert "DATABASES['channels_postgres']" in after.text(f"s/{name}.py")


def test_components_that_nothing_connects_are_one_site() -> None:
    files = {"s/common.py": APPS, "s/database.py": "DATABASES = {'default': {}}\n"}
    after = converted(RULE, files).after
    assert after.text("s/common.py") == APPS
    assert settings(after.text("s/database.py"))["LAYER_DATABASE"]
