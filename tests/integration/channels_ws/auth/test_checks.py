"""What ``manage.py check`` says about who may listen."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from guarded_site import prepare

from project import Project

GUARDED: dict[str, Any] = {
    "AUTHORIZE": "chat.policies.members_only",
    "ALLOWED_ORIGINS": ["https://chat.example.com"],
}


@pytest.fixture
def site(tmp_path: Path, free_port: Callable[[], int]) -> Project:
    """The sample site without any service: checks need none."""
    return Project("", "", tmp_path, free_port)


@pytest.mark.parametrize(
    ("wsmigrate", "ids"),
    [
        (GUARDED, set()),
        ({}, {"W001", "W003"}),
        ({**GUARDED, "AUTHORIZE": "authenticated"}, set()),
        ({**GUARDED, "AUTHORIZE": "open"}, {"W001"}),
        ({**GUARDED, "AUTHORIZE_MODE": "report-only"}, {"W002"}),
        ({**GUARDED, "ALLOWED_ORIGINS": ["*"]}, {"W003"}),
        ({**GUARDED, "TOKEN_SOURCES": ["query"]}, {"W004"}),
        ({**GUARDED, "INBOUND": "broadcast"}, {"W007"}),
        ({**GUARDED, "INBOUND": "broadcast", "INBOUND_HOOK": "chat.inbound.save"}, set()),
        (
            {**GUARDED, "INBOUND": "broadcast", "INBOUND_AUTHORIZE": "open"},
            {"W006", "W007"},
        ),
        ({**GUARDED, "INBOUND": "broadcast", "INBOUND_HOOK": "chat.no_such.save"}, {"E001"}),
        ({**GUARDED, "AUTHORIZE": "chat.policies.no_such"}, {"E001"}),
        ({**GUARDED, "AUTHORIZE": "chat.policies.__doc__"}, {"E001"}),
    ],
)
def test_a_check_tells_what_is_left_open(
    site: Project, wsmigrate: dict[str, Any], ids: set[str]
) -> None:
    prepare(site, **wsmigrate)
    result = site.run("manage.py", "check", check=False)
    said = result.stdout + result.stderr
    assert set(re.findall(r"\(wsmigrate\.([EW]\d+)\)", said)) == ids, said
    assert said.count("HINT: ") == len([name for name in ids if name.startswith("W")])
    assert (result.returncode != 0) == any(name.startswith("E") for name in ids)
