"""What ``manage.py check`` says of the publisher, and of consumers that would double frames."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("checked_site.py")
ANOTHER = """
from notifications.channels import BaseNotificationChannel
class Another(BaseNotificationChannel):
    name = "websocket"
"""
SECOND = """
from notifications.channels import BaseNotificationChannel
Second = type("Second", (BaseNotificationChannel,),
              {"name": "again", "__module__": "channels_ws.notify.channel"})
"""


def found(settings: dict[str, Any], code: str = "") -> set[str]:
    done = subprocess.run(
        [sys.executable, SCRIPT, json.dumps(settings), code],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    ids = json.loads(done.stdout.splitlines()[-1])
    return {name.removeprefix("wsmigrate.") for name in ids} - {"W001", "W003"}


@pytest.mark.parametrize(
    ("settings", "code", "expected"),
    [
        ({"WSMIGRATE": {"NOTIFY_BACKEND": "rabbitmq"}}, "", {"W010"}),
        ({}, ANOTHER, {"W011", "E010"}),
        ({}, SECOND, {"W011", "E011"}),
        ({"ROUTE": "theirs"}, "", {"W011", "E012"}),
        ({"ROUTE": "theirs", "WSMIGRATE": {"NOTIFY_BACKEND": "channels"}}, "", set()),
    ],
)
def test_a_check_tells_what_is_wrong(
    settings: dict[str, Any], code: str, expected: set[str]
) -> None:
    assert found(settings, code) == expected
