"""The options of ``pytest --pyargs compat_tests``.

pytest loads this module in every run on a machine that has wsmigrate installed, so it imports
nothing and does nothing but know the options.
"""

from __future__ import annotations

from typing import Any

NAMES = (
    ("--legacy-url", "ws:// or wss:// URL of the old server"),
    ("--channels-url", "URL of the new server"),
    ("--parity-publish", "AMQP URL: publish to fanout exchanges of RabbitMQ"),
    ("--parity-publish-cmd", "publish by a command: payload on standard input, {room} replaced"),
    ("--parity-publish-http", "publish by POST: {room} in the URL is replaced"),
    ("--parity-rules", "TOML file with rules for volatile fields"),
    ("--parity-ca", "certificates to trust with wss://, PEM"),
    ("--parity-notifs-3", "a Python with django-notifs 3"),
    ("--parity-notifs-4", "a Python with django-notifs 4"),
)
SECONDS = (
    ("--parity-patience", "seconds without any message until one is believed to be missing"),
    ("--parity-late-after", "seconds that a message may come later than on the other server"),
)


def pytest_addoption(parser: Any) -> None:
    """Make the options known."""
    group = parser.getgroup(
        "wsmigrate parity", "two WebSocket servers (pytest --pyargs compat_tests)"
    )
    known = [(name, text, str) for name, text in NAMES]
    for name, text, kind in (*known, *((name, text, float) for name, text in SECONDS)):
        try:
            group.addoption(name, default=None, type=kind, help=text)
        except ValueError:  # another plugin has one of that name, and goes first
            continue
    try:
        group.addoption(
            "--parity-header", action="append", default=[], help="'Name: value' for every handshake"
        )
    except ValueError:
        return
