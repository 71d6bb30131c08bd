from __future__ import annotations

import pytest

from legacy_uwsgi_ws.__main__ import environ_of_settings
from legacy_uwsgi_ws.settings import Settings, host_and_port, settings_of_environ
from wsmigrate.errors import ConfigError


def test_an_empty_environment_gives_the_defaults():
    assert settings_of_environ({}) == Settings()


def test_empty_values_count_as_not_set():
    assert settings_of_environ({"LEGACY_WS_CORES": "", "LEGACY_WS_LISTEN": ""}) == Settings()


def test_every_setting_is_read():
    settings = settings_of_environ(
        {
            "LEGACY_WS_AMQP_URL": "amqp://user:secret@broker:5673/vhost",
            "LEGACY_WS_LISTEN": "0.0.0.0:9000",
            "LEGACY_WS_KEEPALIVE": "5",
            "LEGACY_WS_CORES": "50",
            "LEGACY_WS_PROCESSES": "4",
            "LEGACY_WS_PUBLISHED_FAULT": "1",
        }
    )
    assert settings == Settings(
        amqp_url="amqp://user:secret@broker:5673/vhost",
        listen="0.0.0.0:9000",
        keepalive_s=5,
        cores=50,
        processes=4,
        published_fault=True,
    )
    assert "secret" not in repr(settings)


def test_the_broker_of_wsmigrate_is_used_where_the_server_has_none_of_its_own():
    shared = {"WSMIGRATE_AMQP_URL": "amqp://shared/"}
    assert settings_of_environ(shared).amqp_url == "amqp://shared/"
    own = {**shared, "LEGACY_WS_AMQP_URL": "amqp://own/"}
    assert settings_of_environ(own).amqp_url == "amqp://own/"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LEGACY_WS_KEEPALIVE", "soon"),
        ("LEGACY_WS_KEEPALIVE", "0"),
        ("LEGACY_WS_KEEPALIVE", "-1"),
        ("LEGACY_WS_KEEPALIVE", "1.5"),
        ("LEGACY_WS_KEEPALIVE", "1_0"),
        ("LEGACY_WS_KEEPALIVE", "²"),
        ("LEGACY_WS_CORES", "1"),
        ("LEGACY_WS_PROCESSES", "0"),
        ("LEGACY_WS_PUBLISHED_FAULT", "yes"),
        ("LEGACY_WS_LISTEN", "localhost"),
        ("LEGACY_WS_LISTEN", "localhost:0"),
        ("LEGACY_WS_LISTEN", "localhost:65536"),
        ("LEGACY_WS_LISTEN", "local host:80"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_its_variable(name, value):
    with pytest.raises(ConfigError, match=name) as error:
        settings_of_environ({name: value})
    assert repr(value) in str(error.value)


def test_a_wrong_amqp_url_is_told_without_its_password():
    with pytest.raises(ConfigError) as error:
        settings_of_environ({"LEGACY_WS_AMQP_URL": "http://user:s3cret@broker/"})
    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("127.0.0.1:8081", ("127.0.0.1", 8081)),
        ("[::1]:8081", ("::1", 8081)),
        (":8081", ("", 8081)),
    ],
)
def test_an_address_has_a_host_and_a_port(address, parts):
    assert host_and_port(address) == parts


def test_patience_with_a_pong_is_the_keepalive_but_ten_seconds_at_most():
    assert Settings(keepalive_s=2).pong_grace_s == 2
    assert Settings(keepalive_s=30).pong_grace_s == 10


def test_the_environment_of_uwsgi_says_the_same_settings_in_full():
    settings = Settings(keepalive_s=7, published_fault=True)
    environ = environ_of_settings(settings, {"PATH": "/bin"})
    assert environ["PATH"] == "/bin"
    assert settings_of_environ(environ) == settings
