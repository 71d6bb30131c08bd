from __future__ import annotations

import pytest

from wsmigrate.amqp_url import checked_amqp_url, redacted_url
from wsmigrate.errors import ConfigError

SECRET = "s3cr3t"


@pytest.mark.parametrize(
    "url",
    [
        "amqp://host",
        "amqps://user:pass%2Fword@host:5671/%2F",
        "amqp://user:p@ss@[::1]:5672/vhost",
        "amqp://host?heartbeat=0&socket_timeout=2.5&frame_max=4096",
        "amqp://u:p@host?tcp_options={'TCP_KEEPIDLE': 60}",
        "amqp://u:p@host?client_properties={'name': 'a@b'}",
    ],
)
def test_a_url_that_can_be_a_brokers_is_taken(url: str) -> None:
    assert checked_amqp_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        f"http://user:{SECRET}@host",
        f"amqp://user:{SECRET}@",
        f"amqp://user:{SECRET}@host:0",
        f"amqp://user:{SECRET}@host:port",
        f"amqp://user:{SECRET}@host:99999",
        f"amqp://user:{SECRET}@[::1",
        "nonsense",
        f"amqp:user:{SECRET}@host",
        f"user:{SECRET}@host",
        f"amqp://user:{SECRET}/x@host/vhost",
        f"amqp://user:x/{SECRET}@host/vhost",
        f"amqp://user:{SECRET}#x@host",
        f"amqp://user:5#{SECRET}@host",
        f"amqp://user:x?{SECRET}@host",
        f"amqp://host/?ssl_options={{'password': 'a@{SECRET}'}}",
    ],
)
def test_a_wrong_url_is_told_without_its_password(url: str) -> None:
    with pytest.raises(ConfigError, match="AMQP URL") as caught:
        checked_amqp_url(url)
    assert SECRET not in str(caught.value)


def test_the_remedy_for_a_slash_in_a_password_is_to_encode_it() -> None:
    with pytest.raises(ConfigError, match=r"The AMQP URL \*\*\*@host/x .* write / as %2F"):
        checked_amqp_url("amqp://user:pass/word@host/x")


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("amqp://host?nosuch=1", "not known: 'nosuch'"),
        ("amqp://host?heartbeat=abc", "'heartbeat' .* a whole number from 0"),
        ("amqp://host?heartbeat=-1", "'heartbeat' .* a whole number from 0"),
        ("amqp://host?frame_max=1", "'frame_max' .* from 4096"),
        ("amqp://host?heartbeat=1&heartbeat=2", "more than once"),
        ("amqp://host?socket_timeout=0", "a number of seconds"),
        ("amqp://host?socket_timeout=nan", "a number of seconds"),
        ("amqp://host?ssl_options=(", "a Python dictionary"),
        ("amqp://host?tcp_options=[1]", "a Python dictionary"),
        ("amqp://user@host", "a user without a password"),
    ],
)
def test_options_that_pika_would_not_take_are_told(url: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        checked_amqp_url(url)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("amqp://user:secret@host:5672/v", "amqp://user:***@host:5672/v"),
        ("amqp://user:se@cret@host", "amqp://user:***@host"),
        ("amqp://user@host", "amqp://user@host"),
        ("amqp://host/v?ssl_options={'password': 'secret'}", "amqp://host/v"),
        ("amqp://user:pass/word@host:1/v", "***@host:1/v"),
        ("amqp:user:secret@host", "***@host"),
        ("user:secret@host", "***@host"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert redacted_url(url) == shown
