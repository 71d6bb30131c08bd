from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from wsmigrate.config import Config, NotifyBackend, config_of_settings
from wsmigrate.errors import ConfigError

SECRET = "s3cr3t"


def config_with(environ: dict[str, str] | None = None, **settings: Any) -> Config:
    return config_of_settings(SimpleNamespace(**settings), environ or {})


def test_without_any_setting_there_are_defaults() -> None:
    config = config_with()
    assert config.notify_backend is None, "it is the state's to say"
    assert config.event_name == "notifs_websocket_message"
    assert config.binds_rooms


def test_django_notifs_own_settings_are_respected() -> None:
    config = config_with(
        NOTIFICATIONS_WEBSOCKET_EVENT_NAME="an_event", NOTIFICATIONS_WEBSOCKET_URL_PARAM="uri"
    )
    assert (config.event_name, config.room_param) == ("an_event", "uri")


def test_the_amqp_url_of_wsmigrate_wins_over_environment_and_django_notifs() -> None:
    environ = {"WSMIGRATE_AMQP_URL": "amqp://from-environment"}
    old = {"NOTIFICATIONS_RABBIT_MQ_URL": "amqp://from-notifs"}
    assert config_with(**old).amqp_url == "amqp://from-notifs"
    assert config_with(environ, **old).amqp_url == "amqp://from-environment"
    given = {"WSMIGRATE": {"AMQP_URL": "amqp://from-wsmigrate"}}
    assert config_with(environ, **old, **given).amqp_url == "amqp://from-wsmigrate"


def test_a_backend_may_be_pinned_or_left_to_the_state() -> None:
    assert config_with(WSMIGRATE={"NOTIFY_BACKEND": "both"}).notify_backend is NotifyBackend.BOTH
    assert config_with(WSMIGRATE={"NOTIFY_BACKEND": "state"}).notify_backend is None


def test_without_rabbitmq_no_room_is_bound() -> None:
    assert not config_with(WSMIGRATE={"NOTIFY_BACKEND": "channels"}).binds_rooms


@pytest.mark.parametrize(
    ("wsmigrate", "complaint"),
    [
        ({"NOTIFY_BACKEND": "kafka"}, "one of 'state', 'rabbitmq', 'both', 'channels'"),
        ({"ROOM_FORM": "headers"}, "one of 'fanout', 'topic', 'direct', 'queue'"),
        ({"INBOXES": 0}, "positive whole number"),
        ({"INBOXES": True}, "positive whole number"),
        ({"INBOXES": 5000}, "5000 inboxes cannot be"),
        ({"BIND_TIMEOUT_S": -1}, "number of seconds"),
        ({"PUBLISHER_CONFIRMS": "yes"}, "True or False"),
        ({"DATABASE": ""}, "text that is not empty"),
        ({"AMQP_URI": "amqp://host"}, "keys that are not known: AMQP_URI"),
        ({1: "x", "AMQP_URI": "x"}, "keys that are not known: 1, AMQP_URI"),
        ({"AMQP_URL": "amqp://host?heartbeat=abc"}, "'heartbeat' in the AMQP URL"),
        ({"MAX_MESSAGE_BYTES": 100, "OUTBOX_BYTES": 99}, "would throw out every client"),
        ({"INBOX_KIND": "queue", "INBOX_MAX_AGE_S": 90 * 86400}, "4294967 seconds at most"),
        ([], "no dictionary"),
    ],
)
def test_a_setting_that_cannot_be_is_told(wsmigrate: Any, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        config_with(WSMIGRATE=wsmigrate)


def test_no_password_shows_in_a_configurations_text() -> None:
    assert SECRET not in repr(config_with(WSMIGRATE={"AMQP_URL": f"amqp://user:{SECRET}@host"}))


@pytest.mark.parametrize(
    ("wsmigrate", "complaint"),
    [
        ({"AUTHORIZE": "closed"}, "'open', 'authenticated' or the dotted path"),
        ({"AUTHORIZE": None}, "'open', 'authenticated' or the dotted path"),
        ({"AUTHORIZE_MODE": "lax"}, "one of 'enforce', 'report-only'"),
        ({"ALLOWED_ORIGINS": "https://a.example"}, "a list"),
        ({"ALLOWED_ORIGINS": ["https://a.example/path"]}, "which is no origin"),
        ({"ALLOWED_ORIGINS": [None]}, "which is no origin"),
        ({"TOKEN_SOURCES": ["body"]}, "one of 'subprotocol', 'header', 'query', 'cookie'"),
        ({"TOKEN_SUBPROTOCOL": "access token"}, "without blanks"),
        ({"CLOSE_ON_TOKEN_EXPIRY": 1}, "True or False"),
    ],
)
def test_a_setting_of_who_may_in_that_cannot_be_is_told(wsmigrate: Any, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        config_with(WSMIGRATE=wsmigrate)


def test_nobody_is_looked_up_under_the_policy_open() -> None:
    assert not config_with().asks_who
    assert config_with(WSMIGRATE={"AUTHORIZE": "authenticated"}).asks_who
    assert config_with(WSMIGRATE={"CLOSE_ON_TOKEN_EXPIRY": True}).asks_who


def test_sockets_end_with_their_token_where_they_needed_it() -> None:
    def closes(**wsmigrate: Any) -> bool:
        return config_with(WSMIGRATE=wsmigrate).closes_on_token_expiry

    assert not closes()
    assert closes(AUTHORIZE="authenticated")
    assert not closes(AUTHORIZE="authenticated", AUTHORIZE_MODE="report-only")
    assert not closes(AUTHORIZE="authenticated", CLOSE_ON_TOKEN_EXPIRY=False)


def test_proxies_are_addresses_and_networks() -> None:
    config = config_with(WSMIGRATE={"TRUSTED_PROXIES": ["10.0.0.0/8", "192.0.2.7", "fd00::/8"]})
    assert [str(network) for network in config.trusted_proxies] == [
        "10.0.0.0/8",
        "192.0.2.7/32",
        "fd00::/8",
    ]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("TRUSTED_PROXIES", "10.0.0.0/8"),
        ("TRUSTED_PROXIES", ["10.0.0.1/8"]),
        ("TRUSTED_PROXIES", ["proxy.example.com"]),
        ("TRUSTED_PROXIES", [7]),
        ("NEW_ROOMS_PER_S", 0),
        ("NEW_ROOMS_PER_S", float("inf")),
        ("ADDRESS_NEW_ROOMS_PER_S", "20"),
        ("MAX_SOCKETS", 0),
        ("MAX_ROOMS", 1.5),
    ],
)
def test_limits_that_cannot_be_are_refused(key: str, value: object) -> None:
    with pytest.raises(ConfigError, match=key):
        config_with(WSMIGRATE={key: value})
