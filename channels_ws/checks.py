"""System checks: what a site should know before it puts the new server on a network."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's own name

from channels_ws.auth.policies import loaded_hook
from wsmigrate.auth_config import AUTHENTICATED, OPEN, TokenSource
from wsmigrate.config import Config, config_of_settings
from wsmigrate.errors import ConfigError


def check_server(**_options: Any) -> list[CheckMessage]:
    """All checks of the new server; see docs/authentication.md for the ids."""
    config = config_of_settings(settings)  # what cannot be has stopped Django at its start
    return [*_policy(config), *_origins(config), *_tokens(config), *_inbound(config)]


def _policy(config: Config) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if config.is_open:
        found.append(
            Warning(
                "The policy 'open' is in force: anyone who can reach the server may listen to any "
                "room, as on the legacy server.",
                hint="Set WSMIGRATE['AUTHORIZE'] to 'authenticated' or to a function of yours.",
                id="wsmigrate.W001",
            )
        )
    elif config.authorize != AUTHENTICATED:
        found += _hook("AUTHORIZE", config.authorize)
    if config.reports_only:
        found.append(
            Warning(
                "The mode 'report-only' is in force: clients that may not in are let in, and "
                "counted.",
                hint="Once the figure wsmigrate_would_refuse stays at rest, set "
                "WSMIGRATE['AUTHORIZE_MODE'] to 'enforce'.",
                id="wsmigrate.W002",
            )
        )
    return found


def _origins(config: Config) -> list[CheckMessage]:
    if not any(pattern.allows_any for pattern in config.allowed_origins):
        return []
    return [
        Warning(
            "Every origin is allowed: any web page can open sockets in the name of its visitors, "
            "with their cookies.",
            hint="List the origins of your pages in WSMIGRATE['ALLOWED_ORIGINS'], as "
            "'https://chat.example.com'.",
            id="wsmigrate.W003",
        )
    ]


def _tokens(config: Config) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if TokenSource.QUERY in config.token_sources:
        found.append(
            Warning(
                "Tokens are taken from the query string, which proxies and servers write into "
                "their logs.",
                hint="Have clients send them as a subprotocol, and take 'query' out of "
                "WSMIGRATE['TOKEN_SOURCES'].",
                id="wsmigrate.W004",
            )
        )
    if not config.asks_who:
        return found
    if not apps.is_installed("django.contrib.auth"):
        found.append(
            Error(
                "The policy asks who a client is, and django.contrib.auth is not installed.",
                hint="Put 'django.contrib.auth' into INSTALLED_APPS.",
                id="wsmigrate.E002",
            )
        )
    if config.token_sources and find_spec("rest_framework_simplejwt") is None:
        found.append(
            Warning(
                "Tokens cannot be checked, so clients that send one are refused: "
                "djangorestframework-simplejwt is not installed.",
                hint="Install it, or set WSMIGRATE['TOKEN_SOURCES'] to [].",
                id="wsmigrate.W005",
            )
        )
    return found


def _inbound(config: Config) -> list[CheckMessage]:
    if not config.takes_messages:
        return []
    found: list[CheckMessage] = []
    if config.inbound_authorize == OPEN:
        found.append(
            Warning(
                "Anyone who may listen to a room may send to it, also without a name.",
                hint="Set WSMIGRATE['INBOUND_AUTHORIZE'] to 'authenticated' or to a function of "
                "yours.",
                id="wsmigrate.W006",
            )
        )
    elif config.inbound_authorize != AUTHENTICATED:
        found += _hook("INBOUND_AUTHORIZE", config.inbound_authorize)
    if config.inbound_hook is not None:
        return found + _hook("INBOUND_HOOK", config.inbound_hook)
    found.append(
        Warning(
            "What clients send goes to the room as it is, and is saved nowhere.",
            hint="Name a function that checks and saves it in WSMIGRATE['INBOUND_HOOK'].",
            id="wsmigrate.W007",
        )
    )
    return found


def _hook(key: str, path: str) -> list[CheckMessage]:
    try:
        loaded_hook(key, path)
    except ConfigError as error:
        return [Error(str(error), id="wsmigrate.E001")]
    return []
