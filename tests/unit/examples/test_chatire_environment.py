"""What the sample site takes from the environment."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from wsmigrate.errors import ConfigError

SITE_FOLDER = Path(__file__).resolve().parents[3] / "examples" / "chatire"


@pytest.fixture(scope="module")
def settings():
    sys.path.insert(0, str(SITE_FOLDER))
    try:
        from chatire import environment  # noqa: PLC0415 - the path has to be set first
    finally:
        sys.path.remove(str(SITE_FOLDER))
    return environment


def test_nothing_has_to_be_set(settings, tmp_path) -> None:
    found = settings.environment_of({}, base=tmp_path)
    assert found == settings.Environment(
        database=tmp_path / "db.sqlite3",
        websocket_url="",
        allowed_hosts=("127.0.0.1", "localhost", "[::1]"),
        debug=False,
        secret_key="",
        amqp_url="",
        postgres=None,
        authorize="open",
        authorize_mode="enforce",
        socket_token=False,
        inbound=False,
    )


def test_everything_can_be_set(settings, tmp_path) -> None:
    found = settings.environment_of(
        {
            "CHATIRE_DATABASE": "/srv/chat.sqlite3",
            "CHATIRE_WS_URL": "wss://sockets.example/",
            "CHATIRE_ALLOWED_HOSTS": "chat.example, www.chat.example,",
            "CHATIRE_DEBUG": "1",
            "CHATIRE_SECRET_KEY": "k",
            "CHATIRE_AUTHORIZE": "chat.policies.members_only",
            "CHATIRE_AUTHORIZE_MODE": "report-only",
            "CHATIRE_SOCKET_TOKEN": "1",
            "CHATIRE_INBOUND": "1",
            "WSMIGRATE_AMQP_URL": "amqp://broker/",
            "WSMIGRATE_POSTGRES_DSN": "postgresql://h/db",
        },
        base=tmp_path,
    )
    assert found.database == Path("/srv/chat.sqlite3")
    assert found.websocket_url == "wss://sockets.example"
    assert found.allowed_hosts == ("chat.example", "www.chat.example")
    assert found.debug
    assert (found.secret_key, found.amqp_url) == ("k", "amqp://broker/")
    assert found.postgres is not None
    assert (found.authorize, found.authorize_mode) == ("chat.policies.members_only", "report-only")
    assert found.socket_token
    assert found.inbound


def test_a_dsn_becomes_django_settings_with_its_parts_decoded(settings) -> None:
    found = settings.postgres_settings(
        "postgresql://me:p%40ss@127.0.0.1:5433/my%20db?sslmode=require"
    )
    assert found == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "my db",
        "USER": "me",
        "PASSWORD": "p@ss",
        "HOST": "127.0.0.1",
        "PORT": "5433",
        "OPTIONS": {"sslmode": "require"},
        "TIME_ZONE": None,
    }


@pytest.mark.parametrize(
    "dsn",
    [
        "mysql://me:a-secret@h/db",
        "postgresql://me:a-secret@/db",
        "postgresql://me:a-secret@h:port/db",
        "postgresql://me:a-secret@h:99999/db",
        "postgresql://me:a-secret@[h/db",
        "postgresql://me:a-secret@h/",
        "a-secret",
    ],
)
def test_a_dsn_that_cannot_be_is_refused_without_its_password(settings, dsn) -> None:
    with pytest.raises(ConfigError) as refusal:
        settings.postgres_settings(dsn)
    assert "WSMIGRATE_POSTGRES_DSN" in str(refusal.value)
    assert "a-secret" not in str(refusal.value)


@pytest.mark.parametrize(
    "url", ["http://h", "ws://", "ws://h:0", "ws://h:x", "ws://me@h", "ws://h/?room=1", "ws://h/#r"]
)
def test_a_websocket_url_that_cannot_be_is_refused(settings, tmp_path, url) -> None:
    with pytest.raises(ConfigError, match="CHATIRE_WS_URL"):
        settings.environment_of({"CHATIRE_WS_URL": url}, base=tmp_path)


def test_a_switch_is_0_or_1(settings, tmp_path) -> None:
    with pytest.raises(ConfigError, match="CHATIRE_DEBUG is 'yes'"):
        settings.environment_of({"CHATIRE_DEBUG": "yes"}, base=tmp_path)


def test_processes_that_start_together_agree_on_one_secret_key(settings, tmp_path) -> None:
    path = tmp_path / "db.secret-key"
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(settings.kept_secret_key, [path] * 64))
    assert len(keys) == 1
    assert len(keys.pop()) >= 50
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_key_that_cannot_be_kept_is_said_so(settings, tmp_path) -> None:
    with pytest.raises(ConfigError, match="cannot be kept"):
        settings.kept_secret_key(tmp_path / "no such folder" / "key")
