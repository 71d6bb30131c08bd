"""Who may listen to a chat. In force with ``CHATIRE_AUTHORIZE=chat.policies.members_only``."""

from __future__ import annotations

from typing import Any

from chat.models import Membership


async def members_only(user: Any, room: str) -> bool:
    """Members of the chat whose uri the room is. Where there is no such chat, nobody."""
    if not user.is_authenticated:
        return False
    return await Membership.objects.filter(chat__uri=room, user=user).aexists()
