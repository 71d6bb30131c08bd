from __future__ import annotations

from typing import Any

import pytest

from migrate_cli.gates.settings import HEADERS_VARIABLE, gate_settings_of
from wsmigrate.errors import ConfigError
from wsmigrate.rungs import Stage

QUERY = {"name": "load", "query": "up", "at_least": 1}


def test_nothing_has_to_be_said() -> None:
    settings = gate_settings_of({})
    assert (settings.window_s, settings.synthetic, settings.channels_url) == (30.0, True, "")


def test_further_gates_are_read() -> None:
    settings = gate_settings_of(
        {
            "gates": {
                "prometheus": "http://127.0.0.1:9090/",
                "queries": [{**QUERY, "stages": ["drain"]}],
                "commands": [{"name": "own", "command": "check it"}],
            }
        }
    )
    assert settings.queries[0].url == "http://127.0.0.1:9090"
    assert settings.queries[0].stages == {Stage.DRAIN}
    assert settings.commands[0].command == ("check", "it")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"window": 3}, "window"),
        ({"window_s": 0}, r"gates\.window_s"),
        ({"channels_url": "http://host"}, r"gates\.channels_url"),
        ({"rooms": "lobby"}, r"gates\.rooms"),
        ({"off": ["nothing"]}, "no built-in gate"),
        ({"queries": [QUERY]}, "where Prometheus is"),
        ({"prometheus": "http://h", "queries": [{"name": "x", "query": "up"}]}, "at_most"),
        ({"prometheus": "http://h", "queries": [QUERY, QUERY]}, "name twice"),
        ({"commands": [{"name": "own"}]}, r"gates\.commands\.command"),
        ({"commands": [{"name": "own", "command": "x", "stages": ["lunch"]}]}, "no stage 'lunch'"),
        ({"thresholds": {"lag": 1}}, "lag"),
        ("nothing", "has to be a table"),
    ],
)
def test_what_cannot_be_is_refused_and_named(table: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        gate_settings_of({"gates": table})


def test_headers_come_from_the_environment_and_are_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(HEADERS_VARIABLE, "Cookie: sessionid=secret\n\nX-One: 1\n")
    settings = gate_settings_of({})
    assert settings.headers == ("Cookie: sessionid=secret", "X-One: 1")
    assert "secret" not in repr(settings)
