"""NOTIFICATIONS_CHANNELS and the key of the room."""

from __future__ import annotations

from rule_projects import assert_untouched, converted, text_after

RULE = "settings_notifs_channels"
CHANNEL = (
    "import json, pika\nfrom notifications.channels import BaseNotificationChannel\n"
    "class Live(BaseNotificationChannel):\n    def construct_message(self):\n"
    "        return json.dumps(self.notification_kwargs['extra_data']['message'])\n"
    "    def notify(self, message):\n"
    "        room = self.notification_kwargs['extra_data']['KEY']\n"
    "        pika.BlockingConnection().channel().basic_publish(room, '', message)\n"
)


def settings(entries: str, more: str = "") -> str:
    return f"INSTALLED_APPS = ['notifications']\nNOTIFICATIONS_CHANNELS = {{{entries}}}\n{more}"


def test_other_channels_stay() -> None:
    text = settings("'sms': 'chat.sms.Sms', 'websocket': 'chat.c.Own'")
    assert not assert_untouched(RULE, {"s.py": text, "chat/c.py": "class Own: ...\n"}).findings


def test_a_key_that_is_set_stays() -> None:
    text = settings("'live': 'chat.c.Live'", "NOTIFICATIONS_WEBSOCKET_URL_PARAM = 'other'\n")
    assert not assert_untouched(
        RULE, {"s.py": text, "chat/c.py": CHANNEL.replace("KEY", "uri")}
    ).findings


def test_the_default_key_is_not_written() -> None:
    text = settings("'live': 'chat.c.Live'")
    files = {"s.py": text, "chat/c.py": CHANNEL.replace("KEY", "room_name")}
    assert not assert_untouched(RULE, files).findings


def test_another_alias_keeps_its_class_and_the_key_is_set() -> None:
    files = {"s.py": settings("'live': 'chat.c.Live'"), "chat/c.py": CHANNEL.replace("KEY", "uri")}
    after = text_after(RULE, files)
    assert "{'live': 'chat.c.Live'}" in after
    assert after.endswith("NOTIFICATIONS_WEBSOCKET_URL_PARAM = 'uri'\n")


def test_channels_of_django_notifs_give_way_to_ours() -> None:
    text = settings("'websocket': 'notifications.channels.BasicWebSocketChannel'")
    assert "'channels_ws.notify.channel.WebSocketChannel'" in text_after(RULE, {"s.py": text})


def test_a_run_that_was_interrupted_behind_the_settings_can_go_on() -> None:
    files = {
        "s.py": settings("'websocket': 'chat.c.Live'"),
        "chat/c.py": CHANNEL.replace("KEY", "uri"),
    }
    half = converted(RULE, files).after
    after = converted("notifs_rabbitmq_channel", {path: half.text(path) for path in files}).after
    assert "class Live(RoomChannel, BaseNotificationChannel)" in after.text("chat/c.py")
