"""The JSON forms of users, chats and messages, and the checks of what clients send."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import IntegrityError
from rest_framework import serializers

from chat.models import Chat, Message

User = get_user_model()

MAX_MESSAGE_BYTES = 1 << 20

# The order of the keys is part of the WebSocket's frames.
_USER_FIELDS = ("id", "username", "email", "first_name", "last_name")


def message_payload(message: Message) -> dict[str, Any]:
    """A message as clients get it, by REST and over the WebSocket."""
    user = {name: getattr(message.user, name) for name in _USER_FIELDS}
    return {"user": user, "message": message.text}


class UserSerializer(serializers.ModelSerializer[Any]):
    """A user; on the way in also the password, which is never sent back."""

    password = serializers.CharField(write_only=True, max_length=128, trim_whitespace=False)

    class Meta:
        model = User
        fields = (*_USER_FIELDS, "password")

    def validate_username(self, username: str) -> str:
        # Two spellings of one name would look alike to everybody in the chat.
        name = User.normalize_username(username)
        if User.objects.filter(username=name).exists():
            raise _name_taken()
        return name

    def validate_password(self, password: str) -> str:
        try:
            validate_password(password)
        except DjangoValidationError as error:
            raise serializers.ValidationError(list(error.messages)) from error
        return password

    def create(self, validated_data: dict[str, Any]) -> Any:
        try:
            return User.objects.create_user(**validated_data)
        except IntegrityError:
            # Somebody took the name since it was checked.
            raise serializers.ValidationError({"username": _name_taken().detail}) from None


class ChatSerializer(serializers.ModelSerializer[Chat]):
    """A chat with its members in the order in which they joined, the owner first."""

    owner = UserSerializer(read_only=True)
    members = serializers.SerializerMethodField()

    class Meta:
        model = Chat
        fields = ("uri", "owner", "members")

    def get_members(self, chat: Chat) -> Any:
        users = [membership.user for membership in chat.membership_set.all()]
        return UserSerializer(users, many=True).data


class JoinSerializer(serializers.Serializer[Any]):
    """Who is to join a chat."""

    username = serializers.CharField(max_length=150, trim_whitespace=False)

    def validate_username(self, username: str) -> str:
        return User.normalize_username(username)


class TextField(serializers.CharField):
    """Text to the letter: nothing is trimmed, and what is not text is not made into it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return data


class NewMessageSerializer(serializers.Serializer[Any]):
    """The text of a message: 1 byte to 1 MiB of UTF-8, without NUL or lone surrogates, which not
    every database and client takes."""

    message = TextField()

    def validate_message(self, text: str) -> str:
        size = len(text.encode("utf-8"))
        if size > MAX_MESSAGE_BYTES:
            raise serializers.ValidationError(
                f"The message has {size} bytes of UTF-8, and {MAX_MESSAGE_BYTES} are allowed."
            )
        return text


class AfterSerializer(serializers.Serializer[Any]):
    """The query of a client that has the messages up to a cursor already."""

    after = serializers.IntegerField(min_value=0, max_value=2**63 - 1, required=False)


def _name_taken() -> serializers.ValidationError:
    return serializers.ValidationError("A user with that username already exists.", code="unique")
