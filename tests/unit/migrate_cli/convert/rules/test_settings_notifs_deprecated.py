"""Settings of django-notifs 2."""

from __future__ import annotations

import pytest
from rule_projects import assert_untouched, text_after

from migrate_cli.convert.findings import Safety

RULE = "settings_notifs_deprecated"
APPS = "INSTALLED_APPS = ['notifications']\n"
OLD = {"v.py": "from notifications.signals import notify\n"}


@pytest.mark.parametrize(
    "line",
    [
        "NOTIFICATIONS_CHANNELS = {}\n",
        "CELERY_BROKER_URL = 'x'\nCELERY_TASK_ALWAYS_EAGER = True\n",
        "CELERY_BROKER_URL = 'x'\nNOTIFICATIONS_DELIVERY_BACKEND = 'mine'\n",
    ],
)
def test_settings_in_force_stay(line: str) -> None:
    assert not assert_untouched(RULE, {"s.py": APPS + line, **OLD}).findings


def test_celery_is_not_named_for_django_notifs_3() -> None:
    assert not assert_untouched(RULE, {"s.py": f"{APPS}CELERY_BROKER_URL = 'x'\n"}).findings


def test_a_key_in_a_block_or_in_use_is_listed() -> None:
    text = f"{APPS}if DEBUG:\n    NOTIFICATIONS_USE_WEBSOCKET = True\n"
    (finding,) = assert_untouched(RULE, {"s.py": text}).findings
    assert finding.safety is Safety.BY_HAND
    text = f"{APPS}NOTIFICATIONS_PAGINATE_BY = 3\n"
    (finding,) = assert_untouched(
        RULE, {"s.py": text, "v.py": "n = settings.NOTIFICATIONS_PAGINATE_BY\n"}
    ).findings
    assert finding.safety is Safety.BY_HAND


def test_keys_without_effect_go() -> None:
    text = f"{APPS}NOTIFICATIONS_USE_WEBSOCKET = True  # on\nX = 1\n"
    assert text_after(RULE, {"s.py": text}) == f"{APPS}X = 1\n"


def test_celery_goes_on_sending_what_django_notifs_2_sent_by_it() -> None:
    after = text_after(RULE, {"s.py": f"{APPS}CELERY_BROKER_URL = 'x'\n", **OLD})
    assert "NOTIFICATIONS_DELIVERY_BACKEND = 'notifications.backends.Celery'\n" in after
    assert "NOTIFICATIONS_QUEUE_NAME = 'celery'\n" in after


def test_tests_that_are_eager_do_not_count() -> None:
    files = {
        "conf/base.py": "INSTALLED_APPS = ['notifications']\nCELERY_BROKER_URL = 'amqp://b'\n"
        "NOTIFICATIONS_USE_WEBSOCKET = True\n",
        "conf/test.py": "from .base import *\nCELERY_TASK_ALWAYS_EAGER = True\n",
    }
    assert "notifications.backends.Celery" in text_after(RULE, files)
