"""DATABASE_ROUTERS."""

from __future__ import annotations

import pytest
from rule_projects import assert_untouched, text_after

RULE = "settings_database_routers"
APPS = "INSTALLED_APPS = ['notifications']\nDATABASES = {}\n"
OURS = "channels_ws.routers.LayerRouter"


def test_one_that_is_there_stays() -> None:
    text = f"{APPS}DATABASE_ROUTERS = ('a.B', '{OURS}')\n"
    assert not assert_untouched(RULE, {"s.py": text}).findings


@pytest.mark.parametrize(
    ("line", "routers"),
    [
        ("", [OURS]),
        ("DATABASE_ROUTERS = []\n", [OURS]),
        ("DATABASE_ROUTERS = ('a.B',)\n", [OURS, "a.B"]),
        ("DATABASE_ROUTERS = [\n    'a.B',\n    'c.D',\n]\n", [OURS, "a.B", "c.D"]),
        ("DATABASE_ROUTERS = list(x for x in ['a.B'])\n", [OURS, "a.B"]),
    ],
)
def test_ours_comes_first(line: str, routers: list[str]) -> None:
    found: dict[str, object] = {}
    exec(text_after(RULE, {"s.py": APPS + line}), found)  # noqa: S102
    value = found["DATABASE_ROUTERS"]
    assert isinstance(value, (list, tuple))
    assert list(value) == routers


def test_a_router_of_one_entry_leaves_the_others_without() -> None:
    files = {
        "conf/base.py": "INSTALLED_APPS = ['notifications']\nDATABASES = {'default': {}}\n",
        "conf/dev.py": "from .base import *\nDATABASE_ROUTERS = ['a.B']\n",
        "conf/prod.py": "from .base import *\n",
    }
    assert "DATABASE_ROUTERS = ['channels_ws.routers.LayerRouter']" in text_after(RULE, files)
