"""The keys of ``WSMIGRATE``: what each sets, and how its value is checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Callable

from wsmigrate.amqp_url import checked_amqp_url
from wsmigrate.auth_config import (
    authorize_mode,
    http_token,
    origin_patterns,
    policy,
    token_sources,
)
from wsmigrate.bridge_config import amqp_urls, lease_seconds, milliseconds, prefetch
from wsmigrate.config_values import cannot_be, choice, flag, positive_int, seconds, text
from wsmigrate.inbound_config import dotted_path, inbound
from wsmigrate.limits_config import networks, per_second
from wsmigrate.notify_config import notify_backend
from wsmigrate.topology import InboxKind, inbox_names
from wsmigrate.wiring import RoomForm

_PREFIX = re.compile(r"[A-Za-z0-9._-]{1,64}")


def _amqp_urls(key: str, value: Any) -> list[str]:
    return [checked_amqp_url(url) for url in amqp_urls(key, value)]


def _room_form(key: str, value: Any) -> RoomForm:
    return RoomForm(choice(RoomForm, key, value))


def _inbox_kind(key: str, value: Any) -> InboxKind:
    return InboxKind(choice(InboxKind, key, value))


def _inbox_count(key: str, value: Any) -> int:
    return len(inbox_names(positive_int(key, value)))


def _inbox_prefix(key: str, value: Any) -> str:
    if not isinstance(value, str) or not _PREFIX.fullmatch(value) or value.startswith("amq."):
        expected = "1 to 64 ASCII letters, digits, '-', '_' or '.', and not begin with 'amq.'"
        raise cannot_be(key, value, expected)
    return value


@dataclass(frozen=True)
class Setting:
    """A key of WSMIGRATE: the attribute of Config that it sets, and how its value is checked."""

    attribute: str
    read: Callable[[str, Any], Any]


SETTINGS: Mapping[str, Setting] = {
    "ADDRESS_NEW_ROOMS_BURST": Setting("address_new_rooms_burst", positive_int),
    "ADDRESS_NEW_ROOMS_PER_S": Setting("address_new_rooms_per_s", per_second),
    "ALLOWED_ORIGINS": Setting("allowed_origins", origin_patterns),
    "ALLOW_MISSING_ORIGIN": Setting("allow_missing_origin", flag),
    "AMQP_URL": Setting("amqp_url", _amqp_urls),
    "AUTHORIZE": Setting("authorize", policy),
    "AUTHORIZE_MODE": Setting("authorize_mode", authorize_mode),
    "AUTHORIZE_TIMEOUT_S": Setting("authorize_timeout_s", seconds),
    "BARRIER_HOLD_S": Setting("barrier_hold_s", seconds),
    "BIND_TIMEOUT_S": Setting("bind_timeout_s", seconds),
    "BRIDGE_BATCH": Setting("bridge_batch", positive_int),
    "BRIDGE_BATCH_BYTES": Setting("bridge_batch_bytes", positive_int),
    "BRIDGE_BATCH_WAIT_MS": Setting("bridge_batch_wait_s", milliseconds),
    "BRIDGE_LEASE_S": Setting("bridge_lease_s", lease_seconds),
    "BRIDGE_MEMORY_BYTES": Setting("bridge_memory_bytes", positive_int),
    "BRIDGE_PREFETCH": Setting("bridge_prefetch", prefetch),
    "CLOSE_ON_TOKEN_EXPIRY": Setting("close_on_token_expiry", flag),
    "DATABASE": Setting("database", text),
    "DEAD_LETTER_BYTES": Setting("dead_letter_bytes", positive_int),
    "INBOUND": Setting("inbound", inbound),
    "INBOUND_AUTHORIZE": Setting("inbound_authorize", policy),
    "INBOUND_BURST": Setting("inbound_burst", positive_int),
    "INBOUND_HOOK": Setting("inbound_hook", dotted_path),
    "INBOUND_MAX_BYTES": Setting("inbound_max_bytes", positive_int),
    "INBOUND_PER_SECOND": Setting("inbound_per_second", per_second),
    "INBOUND_TIMEOUT_S": Setting("inbound_timeout_s", seconds),
    "INBOUND_WAITING": Setting("inbound_waiting", positive_int),
    "INBOXES": Setting("inboxes", _inbox_count),
    "INBOX_KIND": Setting("inbox_kind", _inbox_kind),
    "INBOX_MAX_AGE_S": Setting("inbox_max_age_s", positive_int),
    "INBOX_MAX_BYTES": Setting("inbox_max_bytes", positive_int),
    "INBOX_PREFIX": Setting("inbox_prefix", _inbox_prefix),
    "LAYER_PREFIX": Setting("layer_prefix", text),
    "MAX_MESSAGE_BYTES": Setting("max_message_bytes", positive_int),
    "MAX_ROOMS": Setting("max_rooms", positive_int),
    "MAX_SOCKETS": Setting("max_sockets", positive_int),
    "NEW_ROOMS_BURST": Setting("new_rooms_burst", positive_int),
    "NEW_ROOMS_PER_S": Setting("new_rooms_per_s", per_second),
    "NOTIFY_BACKEND": Setting("notify_backend", notify_backend),
    "OUTBOX_BYTES": Setting("outbox_bytes", positive_int),
    "OUTBOX_FRAMES": Setting("outbox_frames", positive_int),
    "PUBLISH_ON_COMMIT": Setting("publish_on_commit", flag),
    "PUBLISHER_CONFIRMS": Setting("publisher_confirms", flag),
    "ROOM_DURABLE": Setting("room_durable", flag),
    "ROOM_EXCHANGE": Setting("room_exchange", text),
    "ROOM_FORM": Setting("room_form", _room_form),
    "ROOM_KEY": Setting("room_key", text),
    "ROOM_LINGER_S": Setting("room_linger_s", seconds),
    "TOKEN_COOKIE": Setting("token_cookie", http_token),
    "TOKEN_QUERY_PARAM": Setting("token_query_param", text),
    "TOKEN_SOURCES": Setting("token_sources", token_sources),
    "TOKEN_SUBPROTOCOL": Setting("token_subprotocol", http_token),
    "TRUSTED_PROXIES": Setting("trusted_proxies", networks),
}
