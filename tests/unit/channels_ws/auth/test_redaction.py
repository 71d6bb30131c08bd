from __future__ import annotations

import logging

import pytest

from channels_ws.auth.redaction import TokenFilter


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ('"WebSocket /r?access_token=s3cret" 403', '"WebSocket /r?access_token=..." 403'),
        ("/r?a=1&access_token=s3cret&b=2", "/r?a=1&access_token=...&b=2"),
        ("/r?ticket=s3cret", "/r?ticket=..."),
        ("/r?token=s3cret", "/r?token=..."),
        ("/r?my_access_token=shown", "/r?my_access_token=shown"),
    ],
)
def test_the_value_of_the_parameter_is_taken_out_and_nothing_else(said: str, kept: str) -> None:
    for record in (
        logging.LogRecord("x", logging.INFO, "", 0, said, None, None),
        logging.LogRecord("x", logging.INFO, "", 0, "%s", (said,), None),
    ):
        assert TokenFilter("ticket").filter(record)
        assert record.getMessage() == kept
