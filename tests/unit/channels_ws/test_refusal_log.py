from __future__ import annotations

import logging

import pytest

from channels_ws.refusal_log import RefusalLog


def test_a_flood_is_a_line_every_few_seconds(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    log = RefusalLog(logging.getLogger("test"), lambda: now)
    for step in range(1000):
        now = step / 100
        log.say("broker", "Refused with 503")
    log.say("room", "Refused with 403")
    assert [record.message for record in caplog.records] == [
        "Refused with 503",
        "Refused with 503 (and 499 more like it before)",
        "Refused with 403",
    ]
