"""Classes with other names."""

from __future__ import annotations

import pytest
from rule_projects import assert_untouched, text_after

RULE = "notifs_renamed"


@pytest.mark.parametrize(
    "text",
    [
        "from mine.channels import ConsoleChannel\n",
        "from notifications.channels import BaseNotificationChannel\n",
        "x = 'notifications.channels.Other'\n",
    ],
)
def test_other_names_stay(text: str) -> None:
    assert not assert_untouched(RULE, {"a.py": text}).findings


@pytest.mark.parametrize(
    "text",
    [
        "from notifications.channels import PushNotificationChannel\n",
        "from notifications.tasks import send_notification\n",
        "import notifications.channels as c\nclass A(c.ConsoleChannel): ...\n",
        "x = 'notifications.channels.BasicWebSocketChannel'\n",
    ],
)
def test_what_is_gone_or_subclassed_is_listed(text: str) -> None:
    assert assert_untouched(RULE, {"a.py": text}).findings


def test_the_websocket_channel_is_ours() -> None:
    before = "from notifications.channels import WebSocketChannel as W\nuse(W)\n"
    after = "from channels_ws.notify.channel import WebSocketChannel as W\nuse(W)\n"
    assert text_after(RULE, {"a.py": before}) == after


def test_uses_through_the_module_follow() -> None:
    before = "from notifications import channels\nuse(channels.ConsoleChannel, channels.Other)\n"
    after = text_after(RULE, {"a.py": before})
    assert "use(ConsoleNotificationChannel, channels.Other)" in after
    assert "from notifications import channels\n" in after
