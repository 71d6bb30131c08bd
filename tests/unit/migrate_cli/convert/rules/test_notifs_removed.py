"""What django-notifs no longer has."""

from __future__ import annotations

import pytest
from rule_projects import assert_untouched, converted, text_after

from migrate_cli.convert.findings import Safety

RULE = "notifs_removed"


@pytest.mark.parametrize(
    "text",
    [
        "x = include('notices.urls')\n",
        "import notifications\nnotifications.utils.notify.get()\n",
        "self.notifications = []\n",
    ],
)
def test_others_stay(text: str) -> None:
    assert not assert_untouched(RULE, {"a.py": text}).findings


def test_nothing_is_taken_out_without_unsafe() -> None:
    text = "urlpatterns = [path('n/', include('notifications.urls'))]\n"
    result = converted(RULE, {"a.py": text})
    assert [one.safety for one in result.findings] == [Safety.UNSAFE]
    assert not result.changed


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("u = [a, path('n', include('notifications.urls'))]\n", "u = [a]\n"),
        ("u = [path('n', include('notifications.urls'))]\n", "u = []\n"),
        (
            "c = [\n    'notifications.notifications.notifications',\n    'b',\n]\n",
            "c = [\n    'b',\n]\n",
        ),
        ("n = user.notifications.all_unread()\n", "n = user.notifs_notifications.all_unread()\n"),
    ],
)
def test_what_is_gone_is_taken_out(before: str, after: str) -> None:
    assert text_after(RULE, {"a.py": before}, unsafe=True) == after
