"""What the bridge takes from the Django project: its configuration, layer and database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wsmigrate.config import Config, config_of_settings
from wsmigrate.errors import ConfigError


def project_config() -> Config:
    """The project's configuration. Raises ConfigError."""
    from django.conf import settings  # noqa: PLC0415

    return config_of_settings(settings)


def layer_of_project() -> Any:
    """The channel layer ``default``. Raises ConfigError."""
    from channels.layers import channel_layers  # noqa: PLC0415
    from django.conf import settings  # noqa: PLC0415

    layers = getattr(settings, "CHANNEL_LAYERS", {})
    if not isinstance(layers, Mapping) or not isinstance(layers.get("default"), Mapping):
        raise ConfigError("CHANNEL_LAYERS in the settings has no 'default', so there is no layer.")
    backend = str(layers["default"].get("BACKEND", ""))
    if backend.endswith(".InMemoryChannelLayer"):
        raise ConfigError(
            "CHANNEL_LAYERS names the in-memory layer, which does not reach other processes.",
            then="The servers would get nothing of what the bridge relays.",
            remedy="Configure the PostgreSQL layer.",
        )
    try:
        return channel_layers["default"]
    except (KeyError, TypeError, ValueError) as error:  # as a layer's constructor meets its CONFIG
        raise ConfigError(
            f"The channel layer {backend} cannot be made with its CONFIG: "
            f"{type(error).__name__} {error}.",
        ) from error


def database_parameters(alias: str) -> Mapping[str, Any]:
    """psycopg's connection parameters of a database in DATABASES. Raises ConfigError."""
    from django.db import connections  # noqa: PLC0415

    if alias not in connections.settings:
        raise ConfigError(
            f"DATABASES in the settings has no {alias!r}, where the bridge keeps its cursors.",
            remedy="Add it, or name another one in WSMIGRATE['DATABASE'].",
        )
    connection = connections[alias]
    if connection.vendor != "postgresql":
        raise ConfigError(
            f"The database {alias!r} is {connection.vendor}, and has to be PostgreSQL."
        )
    parameters = dict(connection.get_connection_params())
    for djangos_own in ("cursor_factory", "context"):
        parameters.pop(djangos_own, None)
    return parameters
