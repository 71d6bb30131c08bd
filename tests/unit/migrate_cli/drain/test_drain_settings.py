from pathlib import Path

import pytest

from migrate_cli.drain.settings import drain_settings_of
from wsmigrate.errors import ConfigError


def test_what_is_given_goes_before_the_file_and_the_file_before_the_defaults():
    document = {"drain": {"per_second": 5, "in_flight": 7, "uwsgi_pid": "/run/u.pid"}}
    settings = drain_settings_of(document, {"in_flight": 9, "spread": None})
    assert (settings.per_second, settings.in_flight) == (5.0, 9)
    assert settings.uwsgi_pid == Path("/run/u.pid")
    assert settings.back_within_s == 10.0
    assert settings.spread is False


def test_the_url_of_the_broker_comes_from_the_environment_and_is_not_shown(monkeypatch):
    monkeypatch.setenv("WSMIGRATE_AMQP_URL", "amqp://user:secret@host/")
    settings = drain_settings_of({}, {})
    assert settings.amqp_url == "amqp://user:secret@host/"
    assert "secret" not in repr(settings)


def test_what_slows_it_down_lies_below_what_stops_it():
    limits = drain_settings_of({}, {"errors_stop": 0.01, "latency_stop_ms": 100.0}).limits
    assert (limits.errors_slow, limits.latency_slow_ms) == (0.01, 100.0)


@pytest.mark.parametrize(
    "table",
    [
        {"per_second": 0},
        {"in_flight": 2.5},
        {"by": "magic"},
        {"spread": 1},
        {"amqp_url": "amqp://user:secret@host/"},
        {"queues_command": 5},
        {"uwsgi_pid": ""},
        {"nothing": 1},
    ],
)
def test_what_cannot_be_is_refused(table):
    with pytest.raises(ConfigError):
        drain_settings_of({"drain": table}, {})


@pytest.mark.parametrize("wrong", [{"per_second": float("inf")}, {"back_within_s": float("inf")}])
def test_a_pace_that_cannot_be_is_refused_as_it_is_read(wrong):
    with pytest.raises(ConfigError, match="finite"):
        drain_settings_of({"drain": wrong}, {})
