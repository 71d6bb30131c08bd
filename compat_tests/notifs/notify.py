"""Has django-notifs publish, in an environment of its own."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from wsmigrate.errors import UnavailableError

SCRIPT = Path(__file__).resolve().with_name("notify_script.py")
_LIMIT_S = 120


def notify(
    command: str, version: int, amqp_url: str, room: str, messages: Sequence[object]
) -> None:
    """Call ``notify()`` for each message, in this order. ``command`` is a Python with Django, pika
    and that version of django-notifs. Raises UnavailableError."""
    order = json.dumps(
        {"amqp_url": amqp_url, "version": version, "room": room, "messages": messages}
    )
    words = shlex.split(command)
    try:
        done = subprocess.run(  # noqa: S603 - the user's own Python
            [*words, str(SCRIPT)],
            input=order,
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(
            f"django-notifs could not be run by {words[0]} ({type(error).__name__})."
        ) from error
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise UnavailableError(
            f"django-notifs, run by {words[0]}, failed"
            + (f": {said[-1][:200]}" if said else f" with exit code {done.returncode}.")
        )
