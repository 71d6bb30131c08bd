"""What Django no longer has."""

from __future__ import annotations

from rule_projects import assert_untouched

RULE = "django_removed"


def test_names_that_are_there_stay() -> None:
    text = "from django.utils.translation import gettext\nfrom mine import ugettext\n"
    assert not assert_untouched(RULE, {"a.py": text}).findings


def test_names_that_are_gone_are_listed() -> None:
    text = "from django.utils.translation import gettext, ugettext_lazy as _\nfrom django.utils.encoding import force_text\n"
    lines = [one.line for one in assert_untouched(RULE, {"a.py": text}).findings]
    assert lines == [1, 2]
