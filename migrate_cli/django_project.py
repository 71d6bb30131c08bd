"""The Django project in the current folder, for commands that run as a part of it."""

from __future__ import annotations

import importlib
import os
import sys

from migrate_cli.cli import missing_package
from wsmigrate.errors import ConfigError, WsmigrateError
from wsmigrate.failures import described_failure


def need_packages(command: str, *packages: str) -> None:
    """Raise UnavailableError for the first package that cannot be imported."""
    for package in packages:
        try:
            importlib.import_module(package)
        except ImportError as error:  # also a psycopg that finds no libpq
            raise missing_package(command, package) from error


def set_up_django(who: str, settings: str | None = None) -> None:
    """Load the settings and apps of the module that is given, or that DJANGO_SETTINGS_MODULE names.
    The current folder is on the path, as it is for manage.py. Settings that are loaded already stay
    (``manage.py wsmigrate``). Raises ConfigError, also where those are not the ones that are given.
    """
    import django  # noqa: PLC0415 - a machine without a project has no Django
    from django.conf import settings as loaded  # noqa: PLC0415

    if loaded.configured:
        _require_the_same(settings, getattr(loaded, "SETTINGS_MODULE", None))
        django.setup()
        return
    if settings:
        os.environ["DJANGO_SETTINGS_MODULE"] = settings
    sys.path.insert(0, "")
    name = os.environ.get("DJANGO_SETTINGS_MODULE")
    if not name:
        raise ConfigError(
            f"{who} reads CHANNEL_LAYERS, DATABASES and WSMIGRATE from a project's settings, "
            "and was not told which.",
            remedy="Set DJANGO_SETTINGS_MODULE, or use --settings.",
        )
    try:
        django.setup()
    except WsmigrateError:
        raise
    except Exception as error:  # settings are a program: it raises what it likes
        raise ConfigError(
            f"The Django settings {name!r} cannot be loaded: {described_failure(error)}.",
            remedy="Run the command in the project's folder, or set PYTHONPATH to it."
            if isinstance(error, ImportError)
            else "",
        ) from error


def _require_the_same(wanted: str | None, loaded: str | None) -> None:
    if wanted and loaded and wanted != loaded:
        raise ConfigError(
            f"The settings {loaded!r} are loaded already, and {wanted!r} was asked for.",
            then="Nothing was done.",
            remedy=f"Use `wsmigrate` itself, or: manage.py wsmigrate … --settings {wanted}, or "
            "mend `settings` in wsmigrate.toml.",
        )
