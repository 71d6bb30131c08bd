"""What a person reads of a frame."""

from __future__ import annotations

import pytest

from dev_stack.demo.report import preview


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        (b'{"user": {}, "message": "ok"}', "“ok”"),
        (b'{"message": "tab\\tand\\nline \\u001b[31m"}', "“tab·and·line ·[31m”"),
        (b'{"message": "' + b"x" * 200 + b'"}', "“" + "x" * 40 + "…”"),
        (b"no JSON", "“no JSON”"),
        (b"\xff", "“\ufffd”"),
        (b"[1]", "“[1]”"),
    ],
)
def test_a_preview_is_short_and_fit_to_print(payload: bytes, shown: str) -> None:
    assert preview(payload) == shown
