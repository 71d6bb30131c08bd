"""Signals of django-notifs become calls."""

from __future__ import annotations

import pytest
from rule_projects import assert_untouched, converted, text_after

from migrate_cli.convert.findings import Safety

RULE = "notifs_signal"


@pytest.mark.parametrize(
    "text",
    [
        "from notifications.utils import notify\nnotify(channels=['a'])\n",
        "from django.dispatch import Signal\nnotify = Signal()\nnotify.send(sender=None)\n",
        "from my.notifications.signals import notify\nnotify.send(sender=None)\n",
    ],
)
def test_other_functions_and_signals_stay(text: str) -> None:
    assert not assert_untouched(RULE, {"a.py": text}).findings


def test_the_notifications_package_of_the_project_itself_stays() -> None:
    text = "from notifications.signals import notify\nnotify.send(sender=None, a=1)\n"
    assert_untouched(RULE, {"a.py": text, "notifications/signals.py": "notify = None\n"})


def test_django_notifications_hq_stays() -> None:
    text = "from notifications.signals import notify\nnotify.send(user, recipient=u, verb='x')\n"
    hq = {"requirements.txt": "django-notifications-hq==1.8\n"}
    assert not assert_untouched(RULE, {"a.py": text, **hq}).findings
    assert_untouched(RULE, {"a.py": text})


@pytest.mark.parametrize(
    "use",
    [
        "notify.connect(print)",
        "answers = notify.send(sender=None)",
        "notify.send_robust(sender=None)",
        "register(notify)",
        "@receiver(notify)\ndef heard(**kwargs): ...",
        "Signal.send(notify, sender=None)",
    ],
)
def test_a_signal_that_is_used_otherwise_is_listed(use: str) -> None:
    text = f"from notifications.signals import notify\nnotify.send(sender=None)\n{use}\n"
    result = assert_untouched(RULE, {"a.py": text})
    assert {one.safety for one in result.findings} == {Safety.BY_HAND}
    assert result.findings[0].line >= 3


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "from notifications.signals import notify\nnotify.send(sender=a, b=1)\n",
            "from notifications.utils import notify\nnotify(b=1)\n",
        ),
        (
            "from notifications.signals import notify as tell\ntell.send(a, **kwargs)\n",
            "from notifications.utils import notify as tell\ntell(**kwargs)\n",
        ),
        (
            "from notifications.signals import notify\nnotify.send(b=1, sender=a)\n",
            "from notifications.utils import notify\nnotify(b=1)\n",
        ),
        (
            "from notifications.signals import notify\nnotify.send(sender=a)\n",
            "from notifications.utils import notify\nnotify()\n",
        ),
        (
            "from notifications.signals import read\nread.send(sender=a, notify_id=1, recipient=b)\n",
            "from notifications.utils import read\nread(notify_id=1, recipient=b)\n",
        ),
        (
            "import notifications.signals\nnotifications.signals.notify.send(sender=a, b=1)\n",
            "from notifications.utils import notify\nnotify(b=1)\n",
        ),
        (
            "from notifications import signals as s\ns.notify.send(sender=a, b=1)\n",
            "from notifications.utils import notify\nnotify(b=1)\n",
        ),
        (
            "def f():\n    from notifications.signals import notify\n    notify.send(sender=a)\n",
            "def f():\n    from notifications.utils import notify\n    notify()\n",
        ),
        (
            "try:\n    from notifications.signals import notify\nexcept ImportError:\n    pass\n"
            "notify.send(sender=a)\n",
            "try:\n    from notifications.utils import notify\nexcept ImportError:\n    pass\n"
            "notify()\n",
        ),
        (
            "from notifications.signals import (\n    notify,  # to tell\n    read,\n)\n"
            "notify.send(sender=a)\nread.send(sender=a, notify_id=1)\n",
            "from notifications.utils import notify\nfrom notifications.utils import (\n    read,\n)\n"
            "notify()\nread(notify_id=1)\n",
        ),
    ],
)
def test_what_is_sent_is_called(before: str, after: str) -> None:
    assert text_after(RULE, {"a.py": before}) == after


def test_line_ends_and_tabs_stay() -> None:
    before = 'from notifications.signals import notify, read\r\nif x:\r\n\tnotify.send(sender=a, b="""c\r\nd""")\r\n\tread.send(sender=a)\r\n'
    after = text_after(RULE, {"a.py": before})
    assert "\n" not in after.replace("\r\n", "")
    assert '\tnotify(b="""c\r\nd""")\r\n' in after


def test_characters_beyond_ascii_do_not_shift_the_edits() -> None:
    before = (
        "# ☕ käse 🧀\nfrom notifications.signals import notify\nnotify.send(sender='ä', b='☕')\n"
    )
    after = "# ☕ käse 🧀\nfrom notifications.utils import notify\nnotify(b='☕')\n"
    assert text_after(RULE, {"a.py": before}) == after


def test_a_dictionary_of_arguments_stays() -> None:
    before = "from notifications.signals import notify\nnotify.send(sender=a, **{'sender_id': 1})\n"
    assert "**{'sender_id': 1}" in text_after(RULE, {"a.py": before})


def test_every_function_may_import_it_for_itself() -> None:
    function = "def {0}(u):\n    from notifications.signals import notify\n    notify.send(sender=u, a=1)\n"
    text = function.format("f") + "\n\n" + function.format("g")
    after = text_after(RULE, {"a.py": text})
    assert after.count("from notifications.utils import notify\n    notify(a=1)\n") == 2


def test_a_name_that_is_reached_in_two_ways() -> None:
    text = (
        "from notifications import signals\nfrom notifications.signals import notify as tell\n"
        "signals.notify.send(sender=1, a=1)\ntell.send(sender=1, a=2)\n"
    )
    assert text_after(RULE, {"a.py": text}) == (
        "from notifications.utils import notify as tell\ntell(a=1)\ntell(a=2)\n"
    )


def test_an_import_of_everything() -> None:
    text = "from notifications.signals import *\n\nnotify.send(sender=1, a=1)\n"
    after = text_after(RULE, {"a.py": text})
    assert after == "from notifications.utils import notify\n\nnotify(a=1)\n"


def test_the_module_is_imported_no_more_when_both_signals_went() -> None:
    text = (
        "import notifications.signals\nnotifications.signals.notify.send(1, a=1)\n"
        "notifications.signals.read.send(1, b=1)\n"
    )
    after = text_after(RULE, {"a.py": text})
    assert "signals" not in after
    assert after.endswith("notify(a=1)\nread(b=1)\n")


def test_a_module_of_the_project_that_hands_it_on() -> None:
    files = {
        "b.py": "from a.helpers import notify\nnotify.send(sender=1, a=1)\n",
        "a/helpers.py": "from notifications.signals import notify\n",
        "a/__init__.py": "",
    }
    assert text_after(RULE, files) == "from a.helpers import notify\nnotify(a=1)\n"
    helpers = converted(RULE, files).after.text("a/helpers.py")
    assert helpers == "from notifications.utils import notify\n"


def test_a_name_that_may_be_something_else_is_listed() -> None:
    text = (
        "try:\n    from notifications.signals import notify\nexcept ImportError:\n"
        "    notify = None\nif notify is not None:\n    notify.send(sender=1, a=1)\n"
    )
    (finding,) = assert_untouched(RULE, {"a.py": text}).findings
    assert "bound in another way too" in finding.what


@pytest.mark.parametrize(
    "text",
    [
        "mock.patch('notifications.signals.notify.send')\n",
        "mock.patch('chat.views.notify.send')\n",
        "notify = import_module('notifications.signals').notify\n",
    ],
)
def test_names_in_strings_are_listed(text: str) -> None:
    assert len(assert_untouched(RULE, {"notif_tests.py": text}).findings) == 1
