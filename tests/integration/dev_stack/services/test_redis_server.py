"""A private Redis."""

import os
import signal

import psutil
import pytest
from redis import Redis
from redis.exceptions import AuthenticationError


@pytest.fixture
def client(redis_url):
    with Redis.from_url(redis_url) as connection:
        yield connection


def test_it_takes_who_knows_the_password(client):
    assert client.ping()


def test_it_refuses_who_does_not(redis_url):
    host, _, database = redis_url.rpartition("@")[2].partition("/")
    with (
        Redis.from_url(f"redis://:wrong@{host}/{database}") as stranger,
        pytest.raises(AuthenticationError),
    ):
        stranger.ping()


def test_it_listens_on_loopback_only(services, client):
    assert client.ping()
    listening = psutil.Process(services.pid("redis")).net_connections("inet")
    assert {link.laddr.ip for link in listening if link.status == psutil.CONN_LISTEN} == {
        "127.0.0.1"
    }


def test_one_that_is_killed_comes_back_empty_on_its_port(services, client, redis_url):
    client.set("kept", "no")
    killed = services.pid("redis")
    os.kill(killed, signal.SIGKILL)
    services.wait_until_started_anew("redis", killed)
    with Redis.from_url(redis_url) as connection:
        assert connection.get("kept") is None
