"""What clients are told when something went wrong that no serializer reports."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.response import Response
from rest_framework.views import exception_handler

from chat.models import Message

logger = logging.getLogger(__name__)


class NotDeliveredError(APIException):
    """A message that is saved, while nobody who listens was told: 503."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "not_delivered"
    default_detail = (
        "The message is saved, but could not be sent to those who listen now. "
        "They see it when they next load the chat. Do not send it again."
    )


@contextmanager
def not_delivered_instead_of_error(message: Message) -> Iterator[None]:
    """Answer 503 and log the reason when publishing fails, whatever the publisher's way of failing
    (each broker and layer has exceptions of its own)."""
    try:
        yield
    except Exception as error:
        logger.exception("message %s of chat %s was not delivered", message.pk, message.chat_id)
        raise NotDeliveredError from error


class RequestTooLargeError(APIException):
    """A request larger than any that makes sense: 413."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"
    default_detail = f"A request has at most {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes."


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """The answer to an error in a view; None leaves it to Django."""
    if isinstance(error, RequestDataTooBig):
        error = RequestTooLargeError()
    return exception_handler(error, context)
