"""Which Python a part needs."""

from __future__ import annotations

import sys

from wsmigrate.errors import UnavailableError

NEEDED = (3, 11)


def require_python(part: str) -> None:
    """Raise UnavailableError, one sentence, on a Python that is too old for ``part``.

    The core, the old server and the publisher (``wsmigrate``, ``legacy_uwsgi_ws`` and
    ``channels_ws.notify``) run on Python 3.9 as well.
    """
    if sys.version_info < NEEDED:
        running = ".".join(str(number) for number in sys.version_info[:2])
        needed = ".".join(str(number) for number in NEEDED)
        raise UnavailableError(
            f"{part} needs Python {needed} or newer, and this is Python {running}."
        )
