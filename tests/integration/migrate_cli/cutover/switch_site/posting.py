"""Posts as a site does: by ``notify()``."""

from __future__ import annotations

from notifications.utils import notify


def post(room: str, text: str) -> None:
    """One notification of one message."""
    notify(
        silent=True,
        source_display_name="somebody",
        category="chat",
        action="Sent",
        short_description="a message",
        channels=["websocket"],
        extra_data={"room_name": room, "message": text},
    )
