"""simplejwt's settings."""

from __future__ import annotations

import pytest
from rule_projects import assert_untouched, text_after

from migrate_cli.convert.findings import Safety

RULE = "settings_jwt"
APPS = "INSTALLED_APPS = ['notifications']\n"


@pytest.mark.parametrize(
    "line",
    [
        "SIMPLE_JWT = {}\n",
        "REST_FRAMEWORK = {'X': ('rest_framework_simplejwt.authentication.JWTAuthentication',)}\n",
    ],
)
def test_simplejwt_stays(line: str) -> None:
    assert not assert_untouched(RULE, {"s.py": APPS + line}).findings


def test_settings_that_are_put_together_are_listed() -> None:
    text = f"{APPS}JWT_AUTH = dict(base, JWT_ALGORITHM='x')\n"
    (finding,) = assert_untouched(RULE, {"s.py": text}).findings
    assert finding.safety is Safety.BY_HAND


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{'JWT_SECRET_KEY': K}", "{'AUTH_HEADER_TYPES': ('JWT',), 'SIGNING_KEY': K}"),
        (
            "{'JWT_AUTH_HEADER_PREFIX': 'B', 'JWT_VERIFY': True}",
            "{'AUTH_HEADER_TYPES': ('B',)}",
        ),
    ],
)
def test_keys_are_renamed_and_the_prefix_kept(before: str, after: str) -> None:
    text = text_after(RULE, {"s.py": f"{APPS}JWT_AUTH = {before}\n"})
    assert text == f"{APPS}SIMPLE_JWT = {after}\n"


def test_without_settings_the_old_prefix_is_written_down() -> None:
    text = f"{APPS}R = ['rest_framework_jwt.authentication.JSONWebTokenAuthentication']\n"
    assert "SIMPLE_JWT = {'AUTH_HEADER_TYPES': ('JWT',)}" in text_after(RULE, {"s.py": text})


def test_classes_in_code_follow() -> None:
    before = (
        "from rest_framework_jwt.authentication import JSONWebTokenAuthentication as J\nuse(J)\n"
    )
    after = "from rest_framework_simplejwt.authentication import JWTAuthentication as J\nuse(J)\n"
    assert text_after(RULE, {"a.py": before}) == after


def test_what_has_no_counterpart_is_listed() -> None:
    text = "from rest_framework_jwt.settings import api_settings\n"
    assert assert_untouched(RULE, {"a.py": text}).findings
