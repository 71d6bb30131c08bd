"""URLs that lead somewhere, and URLs that do not."""

import logging
import socket

import pytest

from dev_stack.services import given
from dev_stack.services.given import reachable_postgres, reachable_rabbitmq
from wsmigrate.errors import ConfigError, ExitCode, UnavailableError


def with_password(url: str, password: str) -> str:
    login, _, address = url.rpartition("@")
    return f"{login.rpartition(':')[0]}:{password}@{address}"


def test_a_broker_that_answers_is_used(amqp_url):
    assert reachable_rabbitmq(amqp_url) == amqp_url


def test_a_database_that_answers_is_used(postgres_dsn):
    assert reachable_postgres(postgres_dsn) == postgres_dsn


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (lambda url: with_password(url, "s3cret"), "refuses the login"),
        (lambda url: url.replace("%2F", "no-such-vhost"), "refuses the login"),
    ],
)
def test_a_broker_that_refuses_us_is_one_sentence(amqp_url, caplog, given, said):
    with caplog.at_level(logging.DEBUG), pytest.raises(UnavailableError, match=said) as refused:
        reachable_rabbitmq(given(amqp_url))
    assert "s3cret" not in str(refused.value)
    assert refused.value.exit_code == ExitCode.COULD_NOT_ACT
    assert not [record for record in caplog.records if record.name.startswith("pika")]


def test_no_broker_is_one_sentence(free_port):
    with pytest.raises(UnavailableError, match=r"^No RabbitMQ answers at amqp://u:\*\*\*@"):
        reachable_rabbitmq(f"amqp://u:s3cret@127.0.0.1:{free_port()}/")


def test_a_broker_that_accepts_and_says_nothing_is_one_sentence(monkeypatch):
    monkeypatch.setattr(given, "_TIMEOUT_S", 0.5)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(UnavailableError, match="No RabbitMQ answers"),
    ):
        reachable_rabbitmq(f"amqp://u:s3cret@127.0.0.1:{silent.getsockname()[1]}/")


def test_a_dsn_that_is_not_utf_8_is_one_sentence(free_port):
    with pytest.raises(ConfigError, match="options that cannot be") as refused:
        reachable_postgres(f"postgresql://u:s3cret%ff@127.0.0.1:{free_port()}/db")
    assert "s3cret" not in str(refused.value)


def test_a_wrong_password_of_a_database_is_one_sentence(postgres_dsn):
    with pytest.raises(UnavailableError, match="password authentication failed") as refused:
        reachable_postgres(with_password(postgres_dsn, "s3cret"))
    assert "s3cret" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_database_that_is_not_there_is_one_sentence(postgres_dsn):
    with pytest.raises(UnavailableError, match='database "nowhere" does not exist'):
        reachable_postgres(postgres_dsn.rpartition("/")[0] + "/nowhere")


def test_no_database_server_is_one_sentence(free_port):
    with pytest.raises(UnavailableError, match="Connection refused") as refused:
        reachable_postgres(f"postgresql://u:s3cret@127.0.0.1:{free_port()}/db")
    assert "s3cret" not in str(refused.value)
    assert "\n" not in str(refused.value)
