"""What Django no longer has."""

from __future__ import annotations

from rule_projects import assert_untouched, text_after

RULE = "django_removed"


def test_names_that_are_there_stay() -> None:
    text = "from django.utils.translation import gettext\nfrom mine import ugettext\n"
    assert not assert_untouched(RULE, {"a.py": text}).findings


def test_names_without_a_counterpart_are_listed() -> None:
    text = (
        "from django.db.models import NullBooleanField\nfrom django.utils import six\n"
        "from django.utils.six.moves import urllib\nfrom django.contrib.auth.views import login\n"
    )
    lines = [one.line for one in assert_untouched(RULE, {"a.py": text}).findings]
    assert lines == [1, 2, 3, 4]


def test_names_that_became_others_get_them() -> None:
    text = (
        "from django.utils.translation import gettext, ugettext_lazy as _\n"
        "from django.utils.encoding import force_text\nfrom django.conf import urls\n\n"
        "a = _('b'), force_text(b), urls.url('^c', d)\n"
    )
    after = text_after(RULE, {"a.py": text})
    assert "from django.utils.translation import gettext_lazy as _\n" in after
    assert after.endswith("a = _('b'), force_str(b), re_path('^c', d)\n")


def test_names_that_are_tried_in_two_places_stay() -> None:
    text = (
        "try:\n    from django.urls import reverse\nexcept ImportError:\n"
        "    from django.core.urlresolvers import reverse\nreverse('a')\n"
    )
    assert not assert_untouched(RULE, {"a.py": text}).findings


def test_the_decorator_for_python_2_is_taken_out() -> None:
    text = (
        "from django.utils.encoding import force_str, python_2_unicode_compatible\n\n\n"
        "@python_2_unicode_compatible  # for old times\n@other\nclass A:\n    pass\n"
    )
    after = text_after(RULE, {"a.py": text})
    expected = "from django.utils.encoding import force_str\n\n\n@other\nclass A:\n    pass\n"
    assert after == expected
    kept = "from django.utils.encoding import python_2_unicode_compatible as p\nf = p\n"
    assert len(assert_untouched(RULE, {"a.py": kept}).findings) == 1
