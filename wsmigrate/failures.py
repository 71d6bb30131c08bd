"""Failures of a project's own code, in a few words."""

from __future__ import annotations

import sysconfig
import traceback
from pathlib import Path

_OURS = tuple(
    f"{Path(__file__).resolve().parents[1] / package}/"
    for package in ("bridge", "channels_ws", "migrate_cli", "wsmigrate")
)
_NOT_THE_PROJECTS = tuple(
    str(Path(sysconfig.get_path(name)).resolve()) for name in ("stdlib", "purelib", "platlib")
)
_TELLING = (ImportError, KeyError, NameError, AttributeError)
"""Their texts are names. Texts of others may hold values, and so secrets."""


def described_failure(error: Exception) -> str:
    """Type, file and line of an exception: the line of the project's own code, where there is one.

    The exception's text is left out unless it can be trusted to hold no secret.
    """
    kind = type(error).__name__
    if isinstance(error, SyntaxError):
        return f"{kind} ({error.filename}, line {error.lineno})"
    text = f"{kind} {error}" if isinstance(error, _TELLING) or _is_djangos(error) else kind
    place = _place(error)
    return f"{text} ({place})" if place else text


def _is_djangos(error: Exception) -> bool:
    """Whether Django says what is wrong with a setting (ImproperlyConfigured)."""
    return type(error).__module__ == "django.core.exceptions"


def _place(error: Exception) -> str:
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not frame.filename.startswith(("<", *_OURS, *_NOT_THE_PROJECTS)):
            return f"{frame.filename}, line {frame.lineno}"
    return ""
