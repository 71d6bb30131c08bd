"""CHANNEL_LAYERS."""

from __future__ import annotations

from rule_projects import assert_untouched, converted, text_after

from migrate_cli.convert.findings import Safety

RULE = "settings_channel_layers"
APPS = "INSTALLED_APPS = ['notifications']\nDATABASES = {}\n"


def layers(backend: str) -> str:
    return (
        f"{APPS}CHANNEL_LAYERS = {{'default': {{'BACKEND': '{backend}', 'CONFIG': {{'a': 1}}}}}}\n"
    )


def test_ours_stays_without_a_word() -> None:
    assert not assert_untouched(RULE, {"s.py": layers("channels_ws.layers.PostgresLayer")}).findings


def test_other_layers_stay_with_a_note() -> None:
    (finding,) = assert_untouched(
        RULE, {"s.py": layers("channels_redis.core.RedisChannelLayer")}
    ).findings
    assert finding.safety is Safety.NOTE


def test_a_layer_in_memory_is_listed_but_in_tests() -> None:
    text = layers("channels.layers.InMemoryChannelLayer")
    (finding,) = assert_untouched(RULE, {"s.py": text}).findings
    assert finding.safety is Safety.BY_HAND
    (finding,) = assert_untouched(RULE, {"test_settings.py": text}).findings
    assert finding.safety is Safety.NOTE


def test_the_stock_layer_is_replaced_with_its_config_kept() -> None:
    after = text_after(RULE, {"s.py": layers("channels_postgres.core.PostgresChannelLayer")})
    assert after == layers("channels_ws.layers.PostgresLayer")


def test_without_layers_ours_is_set_where_the_database_is_known() -> None:
    files = {
        "s/base.py": APPS.splitlines()[0] + "\n",
        "s/dev.py": "from .base import *\nDATABASES = {}\n",
    }
    after = converted(RULE, files).after
    assert "CHANNEL_LAYERS" in after.text("s/base.py")
    assert after.text("s/dev.py") == files["s/dev.py"]


def test_a_layer_of_the_tests_alone_is_none_of_the_site() -> None:
    files = {
        "conf/base.py": "INSTALLED_APPS = ['notifications']\nDATABASES = {'default': {}}\n",
        "conf/test.py": "from .base import *\nCHANNEL_LAYERS = {'default': {}}\n",
        "conf/prod.py": "from .base import *\n",
    }
    assert "PostgresLayer" in text_after(RULE, files)


def test_a_layer_in_every_entry_is_enough() -> None:
    layers = "from .base import *\nCHANNEL_LAYERS = {'default': {}}\n"
    files = {
        "conf/base.py": "INSTALLED_APPS = ['notifications']\nDATABASES = {'default': {}}\n",
        "conf/test.py": layers,
        "conf/prod.py": layers,
    }
    assert_untouched(RULE, files)
