"""The settings that the parts share: ``WSMIGRATE`` in a Django project's settings."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# Other parts import these from here, each by its own name.
from wsmigrate.amqp_url import checked_amqp_url as checked_amqp_url  # noqa: PLC0414
from wsmigrate.amqp_url import redacted_url as redacted_url  # noqa: PLC0414
from wsmigrate.auth_config import (
    ANY_PATTERN,
    AUTHENTICATED,
    DEFAULT_TOKEN_SOURCES,
    OPEN,
    USUAL_NAME,
    AuthorizeMode,
    TokenSource,
)
from wsmigrate.bridge_config import DEFAULT_LEASE_S
from wsmigrate.config_keys import SETTINGS
from wsmigrate.errors import ConfigError
from wsmigrate.inbound_config import Inbound
from wsmigrate.limits_config import LOOPBACK, Networks
from wsmigrate.message import DEFAULT_EVENT_NAME, DEFAULT_MAX_MESSAGE_BYTES
from wsmigrate.notify_config import NotifyBackend as NotifyBackend  # noqa: PLC0414
from wsmigrate.origins import OriginPattern
from wsmigrate.topology import (
    DEFAULT_INBOX_PREFIX,
    DEFAULT_INBOXES,
    LONGEST_TTL_S,
    InboxKind,
    InboxRetention,
    inbox_arguments,
    inbox_index_of_room,
    inbox_names,
    segment_bytes_of,
)
from wsmigrate.wiring import RoomForm as RoomForm  # noqa: PLC0414
from wsmigrate.wiring import RoomWiring

DEFAULT_AMQP_URL = "amqp://guest:guest@localhost:5672/%2F"
DEFAULT_DATABASE = "channels_postgres"
DEFAULT_ROOM_PARAM = "room_name"
"""django-notifs' default for NOTIFICATIONS_WEBSOCKET_URL_PARAM."""


@dataclass(frozen=True)
class Config:
    """What ``WSMIGRATE`` says, checked. Sizes are in bytes, times in seconds."""

    amqp_url: str = field(default=DEFAULT_AMQP_URL, repr=False)  # it holds a password
    amqp_more: tuple[str, ...] = field(default=(), repr=False)  # other hosts of the same broker
    database: str = DEFAULT_DATABASE
    event_name: str = DEFAULT_EVENT_NAME
    room_param: str = DEFAULT_ROOM_PARAM
    notify_backend: NotifyBackend | None = None
    """None: the one that the state of the cutover names."""
    publisher_confirms: bool = True
    publish_on_commit: bool = False
    layer_prefix: str = "asgi"
    barrier_hold_s: float = 15.0
    room_form: RoomForm = RoomForm.FANOUT
    room_exchange: str = ""
    room_key: str = "{room}"
    room_durable: bool = False
    inboxes: int = DEFAULT_INBOXES
    inbox_kind: InboxKind = InboxKind.STREAM
    inbox_prefix: str = DEFAULT_INBOX_PREFIX
    inbox_max_age_s: int = 24 * 3600
    inbox_max_bytes: int = 1 << 30
    max_message_bytes: int = DEFAULT_MAX_MESSAGE_BYTES
    bridge_lease_s: float = DEFAULT_LEASE_S
    bridge_prefetch: int = 2000
    bridge_batch: int = 500
    bridge_batch_bytes: int = 1 << 20
    bridge_batch_wait_s: float = 0.002
    bridge_memory_bytes: int = 256 << 20
    dead_letter_bytes: int = 1 << 30
    bind_timeout_s: float = 5.0
    room_linger_s: float = 10.0
    outbox_frames: int = 4096
    outbox_bytes: int = 64 << 20
    max_sockets: int = 20_000
    max_rooms: int = 10_000
    new_rooms_per_s: float = 200.0
    new_rooms_burst: int = 2000
    address_new_rooms_per_s: float = 20.0
    address_new_rooms_burst: int = 1000
    trusted_proxies: Networks = LOOPBACK
    authorize: str = OPEN
    authorize_mode: AuthorizeMode = AuthorizeMode.ENFORCE
    authorize_timeout_s: float = 5.0
    allowed_origins: tuple[OriginPattern, ...] = (ANY_PATTERN,)
    allow_missing_origin: bool = True
    token_sources: tuple[TokenSource, ...] = DEFAULT_TOKEN_SOURCES
    token_subprotocol: str = USUAL_NAME
    token_cookie: str = USUAL_NAME
    token_query_param: str = USUAL_NAME
    close_on_token_expiry: bool | None = None

    inbound: Inbound = Inbound.OFF
    inbound_hook: str | None = None
    inbound_authorize: str = AUTHENTICATED
    inbound_max_bytes: int = 64 << 10
    inbound_per_second: float = 5.0
    inbound_burst: int = 20
    inbound_waiting: int = 16
    inbound_timeout_s: float = 10.0

    @property
    def is_open(self) -> bool:
        """Whether anyone may read any room, as on the legacy server."""
        return self.authorize == OPEN

    @property
    def reports_only(self) -> bool:
        """Whether those who may not in are let in, and counted."""
        return self.authorize_mode is AuthorizeMode.REPORT_ONLY

    @property
    def closes_on_token_expiry(self) -> bool:
        """Whether a socket ends with its token. If nothing is set: where the token was needed."""
        if self.close_on_token_expiry is not None:
            return self.close_on_token_expiry
        return not self.is_open and not self.reports_only

    @property
    def asks_who(self) -> bool:
        """Whether anything depends on who the client is. Where not, nobody is looked up."""
        return not self.is_open or self.closes_on_token_expiry or self.takes_messages

    @property
    def takes_messages(self) -> bool:
        """Whether clients may send messages to their room."""
        return self.inbound is Inbound.BROADCAST

    @property
    def amqp_urls(self) -> tuple[str, ...]:
        """All hosts of the broker; any of them will do."""
        return (self.amqp_url, *self.amqp_more)

    @functools.cached_property
    def wiring(self) -> RoomWiring:
        """How rooms are wired in RabbitMQ. Asked for each message."""
        return RoomWiring(self.room_form, self.room_exchange, self.room_key, self.room_durable)

    @functools.cached_property
    def inbox_names(self) -> tuple[str, ...]:
        """The inboxes of this installation."""
        return inbox_names(self.inboxes, self.inbox_kind, self.inbox_prefix)

    @property
    def inbox_arguments(self) -> dict[str, Any]:
        """The arguments that declare an inbox."""
        return inbox_arguments(self.retention, self.inbox_kind)

    def inbox_of(self, room: str) -> str:
        """The inbox of a room."""
        return self.inbox_names[inbox_index_of_room(room, self.inboxes)]

    @property
    def retention(self) -> InboxRetention:
        """How much the inboxes keep for bridges that are away."""
        return InboxRetention(
            self.inbox_max_age_s, self.inbox_max_bytes, segment_bytes_of(self.inbox_max_bytes)
        )

    @property
    def follows_state(self) -> bool:
        """Whether the notify backend is the one that the state of the cutover names."""
        return self.notify_backend is None

    @property
    def binds_rooms(self) -> bool:
        """Whether publishers may use RabbitMQ, so that rooms have to be bound to their inboxes.
        Where the state is followed: at first."""
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
        key if isinstance(key, str) else repr(key) for key in set(given) - set(SETTINGS)
    )
    if unknown:
        raise ConfigError(
            f"WSMIGRATE in the settings has keys that are not known: {', '.join(unknown)}.",
            remedy=f"Known are {', '.join(sorted(SETTINGS))}.",
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
        setting = SETTINGS[key]
        values[setting.attribute] = setting.read(key, value)
    values["amqp_url"], *more = values["amqp_url"]
    config = Config(**values, amqp_more=tuple(more))
    config.wiring  # noqa: B018 - it is checked when it is made
    if config.inbox_kind is InboxKind.QUEUE and config.inbox_max_age_s > LONGEST_TTL_S:
        raise ConfigError(
            f"WSMIGRATE['INBOX_MAX_AGE_S'] is {config.inbox_max_age_s}, and a queue keeps messages "
            f"for {LONGEST_TTL_S} seconds at most.",
            remedy="Lower it, or use streams as inboxes.",
        )
    if config.outbox_bytes < config.max_message_bytes:
        raise ConfigError(
            f"WSMIGRATE['OUTBOX_BYTES'] is {config.outbox_bytes}, and MAX_MESSAGE_BYTES is "
            f"{config.max_message_bytes}.",
            then="One message of that size would throw out every client of its room.",
            remedy="Raise OUTBOX_BYTES, or lower MAX_MESSAGE_BYTES.",
        )
    return config
