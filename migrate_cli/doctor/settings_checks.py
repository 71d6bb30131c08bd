"""What Django's own checks say of the project's settings."""

from __future__ import annotations

from collections.abc import Iterator

from migrate_cli.doctor.context import Context
from wsmigrate.config import NotifyBackend
from wsmigrate.doctor.findings import Finding, Level

CHECK = "settings"
_OURS = "wsmigrate."
_LAYER_APP = "channels_postgres"


def check(context: Context) -> Iterator[Finding]:
    """Our checks, and those of others where they are errors; and the channel layer."""
    project = context.project
    from django.conf import settings  # noqa: PLC0415 - needs Django
    from django.core.checks import ERROR, run_checks  # noqa: PLC0415

    found = [one for one in run_checks() if (one.id or "").startswith(_OURS) or one.level >= ERROR]
    for one in found:
        level = Level.MEND if one.level >= ERROR else Level.ADVICE
        yield Finding(CHECK, level, f"{one.id}: {one.msg}", str(one.hint or ""))
    layers = getattr(settings, "CHANNEL_LAYERS", {}) or {}
    backend = str(layers.get("default", {}).get("BACKEND", ""))
    yield from _of_layer(backend)
    for app in ("channels_ws", "channels_ws.notify"):
        if app not in settings.INSTALLED_APPS:
            what = f"{app!r} is not in INSTALLED_APPS."
            yield Finding(CHECK, Level.MEND, what, "Add it: `wsmigrate convert` shows how.")
    if project.notify_backend is NotifyBackend.CHANNELS:
        what = "NOTIFY_BACKEND is fixed at 'channels': old clients get nothing."
        yield Finding(CHECK, Level.MEND, what, "Leave NOTIFY_BACKEND out of WSMIGRATE.")
    if not found:
        yield Finding(CHECK, Level.GOOD, "Django's checks find nothing.")


def _of_layer(backend: str) -> Iterator[Finding]:
    if not backend:
        what, remedy = "CHANNEL_LAYERS has no 'default'.", "Configure the PostgreSQL layer."
        yield Finding(CHECK, Level.MEND, what, remedy)
    elif backend.endswith(".InMemoryChannelLayer"):
        what = "The channel layer is the in-memory one, which reaches no other process."
        yield Finding(CHECK, Level.MEND, what, "Use 'channels_ws.layers.PostgresLayer'.")
    elif backend.startswith(_LAYER_APP):
        what = (
            "The channel layer is that of channels-postgres: it opens a connection for each client "
            "of many that come at once, doubles their frames, and is deaf after a restart of "
            "PostgreSQL."
        )
        yield Finding(CHECK, Level.MEND, what, "Use 'channels_ws.layers.PostgresLayer'.")
