from __future__ import annotations

import sys

import pytest

from wsmigrate.errors import ExitCode, RefusedError, UnavailableError, WsmigrateError
from wsmigrate.versions import require_python


def test_the_text_says_what_was_tried_what_follows_and_what_to_do() -> None:
    error = WsmigrateError("It failed.", then="Nothing changed.", remedy="Try again.")
    assert str(error) == "It failed. Nothing changed. Try again."


def test_a_failure_to_act_and_a_refusal_have_their_own_exit_codes() -> None:
    assert UnavailableError("x").exit_code is ExitCode.COULD_NOT_ACT
    assert RefusedError("x").exit_code is ExitCode.REFUSED


def test_a_python_that_is_too_old_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 18))
    with pytest.raises(UnavailableError) as caught:
        require_python("The bridge")
    assert str(caught.value) == "The bridge needs Python 3.11 or newer, and this is Python 3.9."
