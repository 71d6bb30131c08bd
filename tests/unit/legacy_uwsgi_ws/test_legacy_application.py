"""The application without uWSGI and without a broker: what it answers in plain HTTP."""

from __future__ import annotations

import socket

import pytest

from legacy_uwsgi_ws.application import LegacyApplication
from legacy_uwsgi_ws.room_queue import connection_parameters
from legacy_uwsgi_ws.settings import Settings
from wsmigrate.errors import ConfigError


class NoWebSocket:
    """Fails the test when the application goes on with the handshake."""

    def __getattr__(self, name):
        raise AssertionError(name)


def answer(environ):
    answers = []
    settings = Settings(amqp_url="amqp://user:s3cret@127.0.0.1:1/")
    application = LegacyApplication(settings, NoWebSocket())
    body = b"".join(application(environ, lambda status, headers: answers.append((status, headers))))
    ((status, headers),) = answers
    assert dict(headers)["Content-Length"] == str(len(body))
    return status, dict(headers), body.decode()


def handshake(path):
    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "HTTP_UPGRADE": "websocket",
        "HTTP_CONNECTION": "Upgrade",
        "HTTP_SEC_WEBSOCKET_VERSION": "13",
        "HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZQ==",
    }


def test_a_plain_request_is_answered_in_plain_http():
    status, headers, body = answer({"REQUEST_METHOD": "GET", "PATH_INFO": "/room"})
    assert status == "426 Upgrade Required"
    assert headers["Upgrade"] == "websocket"
    assert body == "This address serves WebSockets only.\n"


def test_a_room_that_cannot_be_is_forbidden():
    assert answer(handshake("/"))[0] == "403 Forbidden"


def test_without_a_broker_the_client_is_told_to_come_back(caplog):
    status, headers, body = answer(handshake("/room"))
    assert status == "503 Service Unavailable"
    assert headers["Retry-After"] == "5"
    assert "s3cret" not in body + caplog.text


@pytest.mark.parametrize("query", ["heartbeat=often", "no_such_setting=1", "ssl_options=s3cret("])
def test_a_url_that_pika_refuses_is_a_config_error_without_its_text(query):
    with pytest.raises(ConfigError) as error:
        connection_parameters(f"amqp://user:s3cret@{socket.gethostname()}/?{query}")
    assert "s3cret" not in str(error.value)
