"""Unmaintained packages."""

from __future__ import annotations

import pytest
from rule_projects import assert_untouched, text_after

RULE = "requirements_unmaintained"
STACK = "django-notifs==4.0.0\n"


@pytest.mark.parametrize("line", ["djangorestframework-simplejwt==5.5.1", "drf-jwt==1.19"])
def test_maintained_packages_stay(line: str) -> None:
    assert not assert_untouched(RULE, {"requirements.txt": f"{STACK}{line}\n"}).findings


def test_one_that_is_there_already_is_not_doubled() -> None:
    text = f"{STACK}djangorestframework-jwt\ndjangorestframework-simplejwt\n"
    assert assert_untouched(RULE, {"requirements.txt": text}).findings


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        (
            "requirements.txt",
            f"{STACK}djangorestframework_jwt\n",
            f"{STACK}djangorestframework-simplejwt\n",
        ),
        (
            "Pipfile",
            '[packages]\ndjangorestframework-jwt = "*"\n',
            '[packages]\ndjangorestframework-simplejwt = "*"\n',
        ),
        (
            "pyproject.toml",
            '[tool.poetry.dependencies]\ndjangorestframework-jwt = "^1.11"\n',
            '[tool.poetry.dependencies]\ndjangorestframework-simplejwt = "^5.5.1"\n',
        ),
    ],
)
def test_the_successor_takes_the_place(name: str, before: str, after: str) -> None:
    assert (
        text_after(
            RULE,
            {name: before, **({} if name == "requirements.txt" else {"requirements.txt": STACK})},
        )
        == after
    )
