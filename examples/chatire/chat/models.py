"""Chats, their members and their messages."""

from __future__ import annotations

import secrets
import string

from django.conf import settings
from django.db import models

URI_LENGTH = 15
_URI_ALPHABET = string.ascii_letters + string.digits


def new_uri() -> str:
    """A chat's address: 15 letters and digits (89 bits) that nobody can guess, because whoever
    knows it may join."""
    return "".join(secrets.choice(_URI_ALPHABET) for _ in range(URI_LENGTH))


class Chat(models.Model):
    """A conversation. Its uri is the room of its WebSocket."""

    uri = models.CharField(max_length=URI_LENGTH, unique=True, default=new_uri, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="owned_chats"
    )
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="Membership", related_name="chats"
    )
    created = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.uri


class Membership(models.Model):
    """A user's place in a chat. The owner has one as well."""

    chat = models.ForeignKey(Chat, on_delete=models.CASCADE)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    joined = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("chat", "user"), name="one_membership_per_chat"),
        )

    def __str__(self) -> str:
        return f"{self.user_id} in {self.chat_id}"


class Message(models.Model):
    """One message. Ids give the order of a chat: SQLite hands them out under the write lock, so
    that whoever has seen one id will not be shown a smaller one later."""

    chat = models.ForeignKey(Chat, on_delete=models.CASCADE, related_name="messages")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    text = models.TextField()
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=("chat", "id"), name="messages_of_a_chat"),)

    def __str__(self) -> str:
        return f"message {self.pk} of chat {self.chat_id}"
