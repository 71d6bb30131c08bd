"""Messages that come over the WebSocket. In force with ``CHATIRE_INBOUND=1``.

They are ``{"message": TEXT}``, as in the body of a POST, and go the same way: to a member's chat,
checked and saved. What is returned is what the room gets.
"""

from __future__ import annotations

from typing import Any

from channels_ws.inbound.outcomes import MessageRefusedError

from chat.models import Chat, Message
from chat.serializers import NewMessageSerializer, message_payload


def save(user: Any, room: str, message: dict[str, Any]) -> dict[str, Any]:
    """Save a member's message, and return what a POST of it would publish."""
    chat = Chat.objects.filter(uri=room, membership__user=user).first()
    if chat is None:
        raise MessageRefusedError("Only members of this chat may do that.")
    serializer = NewMessageSerializer(data=message)
    if not serializer.is_valid():
        problems = [text for texts in serializer.errors.values() for text in texts]
        raise MessageRefusedError(" ".join(problems))
    saved = Message.objects.create(chat=chat, user=user, text=serializer.validated_data["message"])
    return message_payload(saved)
