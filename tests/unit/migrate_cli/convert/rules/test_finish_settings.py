"""Settings at the end."""

from __future__ import annotations

import pytest
from rule_projects import assert_untouched, text_after

from migrate_cli.convert.findings import Safety

RULE = "finish_settings"
APPS = "INSTALLED_APPS = ['notifications']\n"


def test_settings_that_are_done_stay() -> None:
    text = f"{APPS}WSMIGRATE = {{'NOTIFY_BACKEND': 'channels', 'INBOXES': 4}}\n"
    assert not assert_untouched(RULE, {"s.py": text}).findings


def test_settings_that_are_put_together_are_listed() -> None:
    (finding,) = assert_untouched(RULE, {"s.py": f"{APPS}WSMIGRATE = dict(a=1)\n"}).findings
    assert finding.safety is Safety.BY_HAND


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("WSMIGRATE = {}\n", "WSMIGRATE = {'NOTIFY_BACKEND': 'channels'}\n"),
        (
            "WSMIGRATE = {'AMQP_URL': u(), 'INBOXES': 4}\n",
            "WSMIGRATE = {'NOTIFY_BACKEND': 'channels', 'INBOXES': 4}\n",
        ),
        (
            "WSMIGRATE = {'INBOXES': 4}\n",
            "WSMIGRATE = {'NOTIFY_BACKEND': 'channels', 'INBOXES': 4}\n",
        ),
        (
            "WSMIGRATE = {'NOTIFY_BACKEND': 'rabbitmq'}\n",
            "WSMIGRATE = {'NOTIFY_BACKEND': 'channels'}\n",
        ),
    ],
)
def test_the_backend_is_the_layer(before: str, after: str) -> None:
    assert text_after(RULE, {"s.py": APPS + before}) == APPS + after


def test_an_old_key_that_code_reads_stays() -> None:
    text = (
        f"{APPS}NOTIFICATIONS_RABBIT_MQ_URL = 'x'\nWSMIGRATE = {{'NOTIFY_BACKEND': 'channels'}}\n"
    )
    files = {"s.py": text, "a.py": "import pika\nu = settings.NOTIFICATIONS_RABBIT_MQ_URL\n"}
    (finding,) = assert_untouched(RULE, files).findings
    assert "a.py" in finding.what
