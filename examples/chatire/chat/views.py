"""The REST API: users, chats, members, messages."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from notifications.utils import notify
from rest_framework import status
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat.models import Chat, Membership, Message
from chat.problems import not_delivered_instead_of_error
from chat.serializers import (
    AfterSerializer,
    ChatSerializer,
    JoinSerializer,
    NewMessageSerializer,
    UserSerializer,
    message_payload,
)

User = get_user_model()


class UsersView(APIView):
    """Sign up."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def post(self, request: Request) -> Response:
        serializer = UserSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response(serializer.data, status=status.HTTP_201_CREATED)


class MeView(APIView):
    """Who the caller is."""

    def get(self, request: Request) -> Response:
        return Response(UserSerializer(request.user).data)


class ChatsView(APIView):
    """The caller's chats, and new ones."""

    def get(self, request: Request) -> Response:
        chats = chats_with_members().filter(membership__user=request.user).order_by("-id")
        return Response(ChatSerializer(chats, many=True).data)

    def post(self, request: Request) -> Response:
        with transaction.atomic():
            chat = Chat.objects.create(owner=request.user)
            Membership.objects.create(chat=chat, user=request.user)
        return Response(ChatSerializer(chat).data, status=status.HTTP_201_CREATED)


class ChatView(APIView):
    """A chat and its members."""

    def get(self, request: Request, uri: str) -> Response:
        return Response(ChatSerializer(chat_of_member(uri, request.user)).data)

    def patch(self, request: Request, uri: str) -> Response:
        """Join: the caller by the uri alone, somebody else by a member's word."""
        chat = get_object_or_404(Chat, uri=uri)
        serializer = JoinSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        username = serializer.validated_data["username"]
        if username != request.user.get_username():
            require_member(chat, request.user)
        user = get_object_or_404(User, username=username)
        Membership.objects.get_or_create(chat=chat, user=user)
        return Response(ChatSerializer(chats_with_members().get(pk=chat.pk)).data)


class MessagesView(APIView):
    """The messages of a chat, oldest first, for its members."""

    def get(self, request: Request, uri: str) -> Response:
        """All messages; with ``?after=CURSOR`` those that came later, and the next cursor."""
        query = AfterSerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        after = query.validated_data.get("after")
        chat = chat_of_member(uri, request.user)
        messages = list(chat.messages.select_related("user").filter(id__gt=after or 0))
        answer: dict[str, Any] = {
            "uri": chat.uri,
            "messages": [message_payload(message) for message in messages],
        }
        if after is not None:
            answer["cursor"] = messages[-1].pk if messages else after
        return Response(answer)

    def post(self, request: Request, uri: str) -> Response:
        """Save a message and send it to whoever listens, in this order: what comes over the
        WebSocket is in the list as well."""
        chat = chat_of_member(uri, request.user)
        serializer = NewMessageSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        message = Message.objects.create(
            chat=chat, user=request.user, text=serializer.validated_data["message"]
        )
        payload = message_payload(message)
        notif_args = {
            "source": request.user,
            "source_display_name": request.user.get_username(),
            "category": "chat",
            "action": "Sent",
            "obj": message,
            "short_description": f"A new message from {request.user.get_username()}"[:100],
            "silent": True,
            # django-notifs 4.0 takes keys out of this dictionary, so the answer shares none of it.
            "extra_data": {"room_name": chat.uri, "message": payload},
        }
        with not_delivered_instead_of_error(message):
            notify(**notif_args, channels=["websocket"])
        return Response({"uri": chat.uri, **payload}, status=status.HTTP_201_CREATED)


def chats_with_members() -> QuerySet[Chat]:
    """Chats, with what their JSON form needs in three queries, however many they are."""
    return Chat.objects.select_related("owner").prefetch_related("membership_set__user")


def chat_of_member(uri: str, user: Any) -> Chat:
    """The chat, for a member. 404 if there is none, 403 for anybody else."""
    chat = get_object_or_404(Chat, uri=uri)
    require_member(chat, user)
    return chat


def require_member(chat: Chat, user: Any) -> None:
    """403 for whoever is not a member of the chat."""
    if not chat.membership_set.filter(user=user).exists():
        raise PermissionDenied("Only members of this chat may do that.")
