"""Request parsers that read no more than DATA_UPLOAD_MAX_MEMORY_SIZE.

REST framework reads the request as a stream, past Django's own check of that setting.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import FormParser, JSONParser

_UTF8 = {"encoding": "utf-8"}


class RequestTooLargeError(APIException):
    """Answered with 413."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The request is larger than {limit} bytes.")


def bounded(stream: IO[bytes]) -> IO[bytes]:
    """The whole body as a stream in memory. Raises RequestTooLargeError."""
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    body = stream.read(limit + 1)
    if len(body) > limit:
        raise RequestTooLargeError(limit)
    return io.BytesIO(body)


class BoundedJSONParser(JSONParser):
    """JSON, in UTF-8 (RFC 8259, 8.1)."""

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            return super().parse(bounded(stream), media_type, {**(parser_context or {}), **_UTF8})
        except RecursionError:
            raise ParseError("JSON parse error - nested too deeply") from None


class BoundedFormParser(FormParser):
    """A URL-encoded form, as pages without JavaScript's fetch send it."""

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        return super().parse(bounded(stream), media_type, parser_context)
