"""Channels of django-notifs 3 under django-notifs 4."""

from __future__ import annotations

import pytest
from rule_projects import assert_untouched, project_of, rule_named, text_after

from migrate_cli.convert.engine import convert
from migrate_cli.convert.rules.notifs_channel_form import EXAMPLE as FORM
from migrate_cli.convert.rules.notifs_rabbitmq_channel import EXAMPLE

RULE = "notifs_channel_form"
SETTINGS = {
    "site/settings.py": "INSTALLED_APPS = ['notifications']\n"
    "NOTIFICATIONS_CHANNELS = {'sms': 'chat.c.Sms', 'text': 'chat.c.Sms'}\n"
}
BODY = (
    "    def construct_message(self):\n        return 'x'\n"
    "    def notify(self, message):\n        print(message)\n"
)
IMPORT = "from notifications.channels import BaseNotificationChannel\n"


def test_channels_of_django_notifs_4_stay() -> None:
    text = (
        f"{IMPORT}class Sms(BaseNotificationChannel):\n    def build_payload(self, provider): ...\n"
    )
    assert not assert_untouched(RULE, {"chat/c.py": text, **SETTINGS}).findings


def test_classes_that_are_no_channels_stay() -> None:
    assert not assert_untouched(RULE, {"chat/d.py": f"class Sms:\n{BODY}", **SETTINGS}).findings


def test_a_channel_that_nobody_names_is_listed() -> None:
    text = f"{IMPORT}class Other(BaseNotificationChannel):\n{BODY}"
    result = assert_untouched(RULE, {"chat/c.py": text, **SETTINGS})
    assert "does not name it" in next(one.what for one in result.findings if one.line > 1)


def test_each_alias_gets_a_channel_and_all_one_provider() -> None:
    after = text_after(
        RULE, {"chat/c.py": f"{IMPORT}class Sms(BaseNotificationChannel):\n{BODY}", **SETTINGS}
    )
    assert after.count("class SmsProvider(BaseNotificationProvider)") == 1
    assert "class SmsDelivery(BaseNotificationChannel)" in after
    assert "class SmsDelivery2(BaseNotificationChannel)" in after
    compile(after, "c.py", "exec")


def test_a_base_class_of_the_projects_own_is_changed_once() -> None:
    text = (
        f"{IMPORT}class Base(BaseNotificationChannel):\n{BODY}\n\n"
        "class Sms(Base):\n    def notify(self, message):\n        send(message)\n"
    )
    after = text_after(RULE, {"chat/c.py": text, **SETTINGS})
    assert "class Base(Notifs3Channel):" in after
    assert "class Sms(Base):" in after
    assert "class SmsDelivery(BaseNotificationChannel)" in after


def test_tabs_are_kept() -> None:
    text = f"{IMPORT}class Sms(BaseNotificationChannel):\n{BODY}".replace("    ", "\t")
    after = text_after(RULE, {"chat/c.py": text, **SETTINGS})
    assert "    " not in after
    compile(after, "c.py", "exec")


@pytest.mark.parametrize(
    "channels",
    [
        "NOTIFICATIONS_CHANNELS = dict(sms='chat.c.Sms')",
        "NOTIFICATIONS_CHANNELS = {**BASE, 'sms': 'chat.c.Sms'}",
        "NOTIFICATIONS_CHANNELS = {}\nNOTIFICATIONS_CHANNELS['sms'] = 'chat.c.Sms'",
        "NOTIFICATIONS_CHANNELS = {}\nNOTIFICATIONS_CHANNELS.update(sms='chat.c.Sms')",
        "NOTIFICATIONS_CHANNELS: dict = {'sms': 'chat.c.Sms'}",
        "if DEBUG:\n    NOTIFICATIONS_CHANNELS = {'sms': 'chat.c.Sms'}",
    ],
)
def test_the_alias_is_found_however_the_setting_is_made(channels: str) -> None:
    files = {
        "chat/c.py": f"{IMPORT}class Sms(BaseNotificationChannel):\n{BODY}",
        "site/settings.py": f"INSTALLED_APPS = ['notifications']\n{channels}\n",
    }
    assert "name = 'sms'" in text_after(RULE, files).replace('"', "'")


def test_a_channel_that_became_wsmigrates_stays_so_wherever_the_settings_name_it() -> None:
    channel = EXAMPLE.before["chat/channels.py"].partition("class Rooms")[0]
    settings = """\
from configurations import Configuration


class Common(Configuration):
    NOTIFICATIONS_CHANNELS = {"websocket": "chat.channels.Broadcast"}
"""
    files = {"chat/channels.py": channel, "chatire/settings.py": settings}
    rules = [rule_named("notifs_rabbitmq_channel"), rule_named(RULE)]
    result = convert(project_of(files), rules).after.text("chat/channels.py")
    assert "class Broadcast(RoomChannel, BaseNotificationChannel):" in result
    assert "Provider" not in result


def test_docstrings_keep_double_quotes_where_strings_have_single_ones() -> None:
    before = {path: text.replace('"', "'") for path, text in FORM.before.items()}
    assert '"""Sends what SmsDelivery hands over;' in text_after(RULE, before)


def test_a_name_in_the_settings_that_no_class_has_is_listed() -> None:
    files = {"chat/c.py": "Sms = make_channel()\n", **SETTINGS}
    (finding,) = assert_untouched(RULE, files).findings
    assert "chat.c.Sms sms, text" in finding.what


def test_a_class_that_its_package_hands_on_is_found() -> None:
    text = f"{IMPORT}\n\nclass Sms(BaseNotificationChannel):\n{BODY}"
    files = {"chat/c/sms.py": text, "chat/c/__init__.py": "from .sms import Sms\n"}
    after = text_after(RULE, {**files, **SETTINGS})
    assert "name = 'sms'" in after
    assert "class SmsDelivery2(" in after
