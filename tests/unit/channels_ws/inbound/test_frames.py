from __future__ import annotations

import json

import pytest

from channels_ws.inbound.frames import message_of_text, size_of
from channels_ws.inbound.outcomes import InboundProblem, Outcome


@pytest.mark.parametrize("text", ['{"a": 1}', "{}", ' {"é": ["\\ud83d\\ude00", null]} '])
def test_a_message_is_one_json_object(text: str) -> None:
    assert message_of_text(text) == json.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "hello", "{", '{"a": 1} {}', '{"a": NaN}', '{"a": -Infinity}', "'a'"),
        *("[]", '"a"', "1", "null", "true"),
        '{"a":' * 100_000,
        '{"a": 1' + "0" * 5000 + "}",
    ],
)
def test_anything_else_is_not(text: str) -> None:
    with pytest.raises(InboundProblem) as problem:
        message_of_text(text)
    assert problem.value.outcome is Outcome.NOT_JSON


def test_the_size_is_that_on_the_wire() -> None:
    assert [size_of(text) for text in ("", "abc", "é", "😀")] == [0, 3, 2, 4]


def test_an_error_frame_says_which_message_it_is_about() -> None:
    problem = InboundProblem(Outcome.TOO_FAST, "Wait.")
    assert json.loads(problem.frame(3)) == {
        "error": "too-fast",
        "detail": "Wait.",
        "message_number": 3,
    }
