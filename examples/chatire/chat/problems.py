"""What clients are told when something went wrong on our side."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from rest_framework import status
from rest_framework.exceptions import APIException

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
