"""Channels are imported at the start."""

from __future__ import annotations

import pytest
from rule_projects import assert_untouched, converted, text_after

from migrate_cli.convert.findings import Safety

RULE = "notifs_channel_import"
CHANNEL = (
    "from notifications.channels import BaseNotificationChannel\n"
    "class Sms(BaseNotificationChannel):\n    name = 'sms'\n    def build_payload(self, p): ...\n"
)
HEAD = "from django.apps import AppConfig\n\n\nclass ChatConfig(AppConfig):\n    name = 'chat'\n"


def files(apps: str, entry: str = "chat") -> dict[str, str]:
    return {
        "chat/apps.py": apps,
        "chat/__init__.py": "",
        "chat/sms.py": CHANNEL,
        "site/settings.py": f"INSTALLED_APPS = ['notifications', '{entry}']\n"
        "NOTIFICATIONS_CHANNELS = {'sms': 'chat.sms.Sms'}\n",
    }


@pytest.mark.parametrize(
    "ready",
    ["from chat import sms", "from . import sms", "import chat.sms", "from chat.sms import Sms"],
)
def test_a_module_that_is_imported_already_stays(ready: str) -> None:
    apps = f"{HEAD}\n    def ready(self):\n        {ready}\n"
    assert not assert_untouched(RULE, files(apps)).findings


def test_ready_is_added() -> None:
    after = text_after(RULE, files(HEAD, "chat.apps.ChatConfig"))
    assert after == (
        f"{HEAD}\n    def ready(self):\n        from chat import sms  # noqa: F401 - for django-notifs\n"
    )


def test_a_ready_that_is_there_is_extended() -> None:
    apps = f'{HEAD}\n    def ready(self):\n        """Start."""\n        begin()\n'
    after = text_after(RULE, files(apps))
    assert '"""Start."""\n        from chat import sms' in after


def test_an_app_without_a_configuration_gets_one() -> None:
    without = {path: text for path, text in files("").items() if path != "chat/apps.py"}
    result = converted(RULE, without)
    assert "from chat import sms" in result.after.text("chat/apps.py")


def test_a_module_of_no_app_is_listed() -> None:
    changed = {
        **files(HEAD),
        "site/settings.py": "INSTALLED_APPS = ['notifications']\nNOTIFICATIONS_CHANNELS = {'sms': 'chat.sms.Sms'}\n",
    }
    result = assert_untouched(RULE, changed)
    assert [one.safety for one in result.findings] == [Safety.BY_HAND]
