"""The settings that the parts share: ``WSMIGRATE`` in a Django project's settings."""

from __future__ import annotations

import enum
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Callable

# Other parts import both from here.
from wsmigrate.amqp_url import checked_amqp_url as checked_amqp_url  # noqa: PLC0414
from wsmigrate.amqp_url import redacted_url as redacted_url  # noqa: PLC0414
from wsmigrate.errors import ConfigError
from wsmigrate.message import DEFAULT_EVENT_NAME, DEFAULT_MAX_MESSAGE_BYTES
from wsmigrate.topology import DEFAULT_INBOXES, InboxRetention, inbox_names

DEFAULT_AMQP_URL = "amqp://guest:guest@localhost:5672/%2F"
DEFAULT_DATABASE = "channels_postgres"
DEFAULT_ROOM_PARAM = "room_name"
"""django-notifs' default for NOTIFICATIONS_WEBSOCKET_URL_PARAM."""


class NotifyBackend(str, enum.Enum):
    """Where ``notify()`` publishes."""

    RABBITMQ = "rabbitmq"
    CHANNELS = "channels"


class RoomForm(str, enum.Enum):
    """How the application wires a room in RabbitMQ."""

    FANOUT = "fanout"


@dataclass(frozen=True)
class Config:
    """What ``WSMIGRATE`` says, checked. Sizes are in bytes, times in seconds."""

    amqp_url: str = field(default=DEFAULT_AMQP_URL, repr=False)  # it holds a password
    database: str = DEFAULT_DATABASE
    event_name: str = DEFAULT_EVENT_NAME
    room_param: str = DEFAULT_ROOM_PARAM
    notify_backend: NotifyBackend = NotifyBackend.RABBITMQ
    publisher_confirms: bool = True
    room_form: RoomForm = RoomForm.FANOUT
    inboxes: int = DEFAULT_INBOXES
    inbox_max_age_s: int = 24 * 3600
    inbox_max_bytes: int = 1 << 30
    max_message_bytes: int = DEFAULT_MAX_MESSAGE_BYTES
    bind_timeout_s: float = 5.0
    room_linger_s: float = 10.0
    outbox_frames: int = 4096
    outbox_bytes: int = 64 << 20

    @property
    def retention(self) -> InboxRetention:
        """How much the inboxes keep for bridges that are away."""
        return InboxRetention(self.inbox_max_age_s, self.inbox_max_bytes)

    @property
    def binds_rooms(self) -> bool:
        """Whether publishers may use RabbitMQ, so that rooms have to be bound to their inboxes."""
        return self.notify_backend is not NotifyBackend.CHANNELS


def config_of_settings(settings: object, environ: Mapping[str, str] | None = None) -> Config:
    """The configuration of a Django project: ``settings`` is ``django.conf.settings``.

    An AMQP URL is looked for in ``WSMIGRATE["AMQP_URL"]``, the environment's WSMIGRATE_AMQP_URL and
    the project's NOTIFICATIONS_RABBIT_MQ_URL, in this order. Raises ConfigError.
    """
    given = getattr(settings, "WSMIGRATE", {})
    if not isinstance(given, Mapping):
        raise ConfigError("WSMIGRATE in the settings is no dictionary.")
    unknown = sorted(
        key if isinstance(key, str) else repr(key) for key in set(given) - set(_SETTINGS)
    )
    if unknown:
        raise ConfigError(
            f"WSMIGRATE in the settings has keys that are not known: {', '.join(unknown)}.",
            remedy=f"Known are {', '.join(sorted(_SETTINGS))}.",
        )
    env = os.environ if environ is None else environ
    found = {
        "AMQP_URL": env.get("WSMIGRATE_AMQP_URL")
        or getattr(settings, "NOTIFICATIONS_RABBIT_MQ_URL", None)
        or DEFAULT_AMQP_URL
    }
    found.update(given)
    values: dict[str, Any] = {
        "event_name": getattr(settings, "NOTIFICATIONS_WEBSOCKET_EVENT_NAME", DEFAULT_EVENT_NAME),
        "room_param": getattr(settings, "NOTIFICATIONS_WEBSOCKET_URL_PARAM", DEFAULT_ROOM_PARAM),
    }
    for key, value in found.items():
        setting = _SETTINGS[key]
        values[setting.attribute] = setting.read(key, value)
    config = Config(**values)
    if config.outbox_bytes < config.max_message_bytes:
        raise ConfigError(
            f"WSMIGRATE['OUTBOX_BYTES'] is {config.outbox_bytes}, and MAX_MESSAGE_BYTES is "
            f"{config.max_message_bytes}.",
            then="One message of that size would throw out every client of its room.",
            remedy="Raise OUTBOX_BYTES, or lower MAX_MESSAGE_BYTES.",
        )
    return config


def _cannot_be(key: str, value: Any, expected: str) -> ConfigError:
    return ConfigError(f"WSMIGRATE[{key!r}] is {value!r}, and has to be {expected}.")


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ConfigError(f"WSMIGRATE[{key!r}] has to be a text that is not empty.")
    return value


def _choice(kind: type[enum.Enum], key: str, value: Any) -> str:
    try:
        return str(kind(value).value)
    except ValueError:
        known = ", ".join(repr(member.value) for member in kind)
        raise _cannot_be(key, value, f"one of {known}") from None


def _positive_int(key: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise _cannot_be(key, value, "a positive whole number")
    return value


def _seconds(key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 86400:
        raise _cannot_be(key, value, "a number of seconds")
    return float(value)


def _amqp_url(key: str, value: Any) -> str:
    return checked_amqp_url(_text(key, value))


def _notify_backend(key: str, value: Any) -> NotifyBackend:
    return NotifyBackend(_choice(NotifyBackend, key, value))


def _room_form(key: str, value: Any) -> RoomForm:
    return RoomForm(_choice(RoomForm, key, value))


def _flag(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _cannot_be(key, value, "True or False")
    return value


def _inbox_count(key: str, value: Any) -> int:
    return len(inbox_names(_positive_int(key, value)))


@dataclass(frozen=True)
class _Setting:
    """A key of WSMIGRATE: the attribute of Config that it sets, and how its value is checked."""

    attribute: str
    read: Callable[[str, Any], Any]


_SETTINGS = {
    "AMQP_URL": _Setting("amqp_url", _amqp_url),
    "BIND_TIMEOUT_S": _Setting("bind_timeout_s", _seconds),
    "DATABASE": _Setting("database", _text),
    "INBOXES": _Setting("inboxes", _inbox_count),
    "INBOX_MAX_AGE_S": _Setting("inbox_max_age_s", _positive_int),
    "INBOX_MAX_BYTES": _Setting("inbox_max_bytes", _positive_int),
    "MAX_MESSAGE_BYTES": _Setting("max_message_bytes", _positive_int),
    "NOTIFY_BACKEND": _Setting("notify_backend", _notify_backend),
    "OUTBOX_BYTES": _Setting("outbox_bytes", _positive_int),
    "OUTBOX_FRAMES": _Setting("outbox_frames", _positive_int),
    "PUBLISHER_CONFIRMS": _Setting("publisher_confirms", _flag),
    "ROOM_FORM": _Setting("room_form", _room_form),
    "ROOM_LINGER_S": _Setting("room_linger_s", _seconds),
}
