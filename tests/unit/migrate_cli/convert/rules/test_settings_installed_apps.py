"""INSTALLED_APPS."""

from __future__ import annotations

import pytest
from rule_projects import assert_untouched, text_after

RULE = "settings_installed_apps"
ALL = ["channels", "channels_postgres", "channels_ws", "channels_ws.notify"]
WRITTEN = ", ".join(f'"{app}"' for app in ALL)


def apps_of(text: str, **names: object) -> list[str]:
    found: dict[str, object] = dict(names)
    exec(text, found)  # noqa: S102 - settings that the test wrote
    apps = found["INSTALLED_APPS"]
    assert isinstance(apps, (list, tuple))
    return list(apps)


@pytest.mark.parametrize(
    "text",
    [
        "INSTALLED_APPS = ['django.contrib.auth', 'chat']\n",
        f"INSTALLED_APPS = ['notifications', {WRITTEN}]\n",
        "INSTALLED_APPS = ['notifications', 'channels.apps.ChannelsConfig', 'channels_postgres', "
        "'channels_ws.apps.ServerConfig', 'channels_ws.notify']\n",
        "def f():\n    INSTALLED_APPS = ['notifications']\n",
        f"A = ['notifications']\nINSTALLED_APPS = A\nINSTALLED_APPS += [{WRITTEN}]\n",
    ],
)
def test_sites_without_the_stack_or_with_the_apps_stay(text: str) -> None:
    assert not assert_untouched(RULE, {"s.py": text}).findings


@pytest.mark.parametrize(
    "text",
    [
        "INSTALLED_APPS = ['a', 'notifications', 'b']\n",
        "INSTALLED_APPS = ('a', 'notifications', 'b')\n",
        "INSTALLED_APPS = ('notifications',)\n",
        "INSTALLED_APPS = [\n    'a',\n    'notifications',  # told\n]\n",
        "INSTALLED_APPS: list[str] = ['notifications.apps.NotificationsConfig']\n",
        "THIRD = ['notifications']\nINSTALLED_APPS = ['a'] + THIRD + ['b']\n",
        "THIRD = ('notifications',)\nINSTALLED_APPS = ['a', *THIRD]\n",
        "INSTALLED_APPS = ['a']\nINSTALLED_APPS += ['notifications']\n",
        "INSTALLED_APPS = ['a']\nINSTALLED_APPS = INSTALLED_APPS + ['notifications']\n",
        "INSTALLED_APPS = ['a']\nINSTALLED_APPS.append('notifications')\n",
        "INSTALLED_APPS = ['a']\nINSTALLED_APPS.extend(['notifications', 'c'])\n",
        "INSTALLED_APPS = ['a']\nif True:\n    INSTALLED_APPS += ('notifications',)\n",
        "INSTALLED_APPS = list(('a', 'notifications'))\n",
        "NOTIFICATIONS_CHANNELS = {}\nINSTALLED_APPS = env.list('APPS')\n",
        "NOTIFICATIONS_CHANNELS = {}\nINSTALLED_APPS = []\n",
        "NOTIFICATIONS_CHANNELS = {}\nINSTALLED_APPS = ()\n",
    ],
)
def test_the_apps_come_in_behind_notifications(text: str) -> None:
    class Environment:
        def list(self, _name: str) -> list[str]:
            return ["notifications"]

    after = apps_of(text_after(RULE, {"s.py": text}), env=Environment())
    before = apps_of(text, env=Environment())
    assert [one for one in after if one in before] == before
    named = any(one.startswith("notifications") for one in before)
    assert sorted(set(after) - set(before)) == (
        ALL if named and "env" not in text else sorted(set(after) & set(ALL))
    )
    assert {"channels", "channels_postgres", "channels_ws"} <= set(after)
    if "channels_ws.notify" in after:
        position = [number for number, one in enumerate(after) if one.startswith("notifications")]
        assert position[0] < after.index("channels_ws.notify")


def test_each_site_of_several_gets_its_own() -> None:
    files = {
        "one/settings.py": "INSTALLED_APPS = ['notifications']\n",
        "two/settings.py": "INSTALLED_APPS = ['other']\n",
    }
    assert "channels_ws" in text_after(RULE, files)
    assert not assert_untouched(RULE, {"two/settings.py": files["two/settings.py"]}).findings


def test_a_list_in_the_module_that_is_imported_is_extended_there() -> None:
    files = {
        "config/apps.py": "THIRD = ['notifications']\n",
        "config/settings.py": "from config.apps import THIRD\nINSTALLED_APPS = ['a'] + THIRD\n",
    }
    assert text_after(RULE, files) == f"THIRD = ['notifications', {WRITTEN}]\n".replace('"', "'")


def test_settings_in_a_class_are_listed() -> None:
    text = "class Base(Configuration):\n    INSTALLED_APPS = ['notifications']\n"
    (finding,) = assert_untouched(RULE, {"s.py": text}).findings
    assert finding.line == 2
