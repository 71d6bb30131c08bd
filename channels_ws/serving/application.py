"""The project's ASGI application: which one it is, and how it is loaded."""

from __future__ import annotations

import importlib
from typing import Any

from wsmigrate.errors import ConfigError, WsmigrateError
from wsmigrate.failures import described_failure

OUR_APPLICATION = "channels_ws.asgi:application"

_IN_THE_FOLDER = "Run the command in the project's folder, or set PYTHONPATH to it."


def application_name(given: str | None) -> str:
    """``module:attribute`` of the application to run: the given one, else the project's
    ASGI_APPLICATION, else ours."""
    from django.conf import settings  # noqa: PLC0415

    name = given or getattr(settings, "ASGI_APPLICATION", None) or OUR_APPLICATION
    if ":" in name:
        return str(name)
    module, _, attribute = str(name).rpartition(".")
    return f"{module}:{attribute}"


def load_application(name: str) -> Any:
    """The application called ``module:attribute``. Raises ConfigError."""
    module, _, attribute = name.partition(":")
    if not module or not attribute:
        raise ConfigError(
            f"{name!r} names no application.", remedy="Write it as package.module:attribute."
        )
    try:
        application: Any = importlib.import_module(module)
        for part in attribute.split("."):
            application = getattr(application, part)
    except WsmigrateError:
        raise
    except Exception as error:  # a module is a program: it raises what it likes
        raise ConfigError(
            f"The application {name} cannot be loaded: {described_failure(error)}.",
            remedy=_IN_THE_FOLDER if isinstance(error, ImportError) else "",
        ) from error
    if not callable(application):
        raise ConfigError(f"The application {name} is a {type(application).__name__}, no ASGI one.")
    return application
