"""Services that run elsewhere: whether a given URL leads to one that lets us in."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from urllib.parse import urlsplit

from wsmigrate.amqp import AmqpClosedError
from wsmigrate.config import checked_amqp_url, redacted_url
from wsmigrate.errors import ConfigError, UnavailableError

_TIMEOUT_S = 5.0


def reachable_rabbitmq(url: str) -> str:
    """The URL, if a broker answers there and takes the login. Raises WsmigrateError."""
    import pika  # noqa: PLC0415 - only who gives a URL needs it
    from pika import exceptions  # noqa: PLC0415
    from pika.adapters.utils.connection_workflow import (  # noqa: PLC0415
        AMQPConnectorException,
    )

    checked_amqp_url(url)
    shown = shown_url(url)
    try:
        parameters = pika.URLParameters(url)
    except (ValueError, TypeError):
        raise ConfigError(f"The AMQP URL {shown} holds options that cannot be.") from None
    parameters.socket_timeout = _TIMEOUT_S
    parameters.stack_timeout = _TIMEOUT_S
    parameters.blocked_connection_timeout = _TIMEOUT_S
    parameters.connection_attempts = 1
    try:
        with _quiet("pika"):
            pika.BlockingConnection(parameters).close()
    except (exceptions.AMQPError, AMQPConnectorException, OSError) as error:
        if AmqpClosedError(repr(error)).is_refused_login:
            raise UnavailableError(
                f"RabbitMQ refuses the login of {shown}.",
                remedy="Check the user, the password, and whether the user may use the vhost.",
            ) from None
        raise UnavailableError(
            f"No RabbitMQ answers at {shown}.", remedy="Check the host and the port."
        ) from None
    return url


def reachable_postgres(dsn: str) -> str:
    """The DSN, if a PostgreSQL answers there and takes the login. Raises WsmigrateError."""
    import psycopg  # noqa: PLC0415

    shown = shown_url(dsn)
    try:
        parts = urlsplit(dsn)
        complete = parts.scheme in {"postgresql", "postgres"} and bool(parts.path.strip("/"))
        complete = complete and bool(parts.hostname) and parts.port != 0
    except ValueError:
        complete = False
    if not complete:
        raise ConfigError(
            f"The PostgreSQL DSN {shown} is none.",
            remedy="It has to look like postgresql://user:password@host:5432/database.",
        )
    try:
        psycopg.connect(dsn, connect_timeout=int(_TIMEOUT_S)).close()
    except psycopg.OperationalError as error:
        raise UnavailableError(
            f"PostgreSQL at {shown} cannot be used: {_reason(error)}.",
            remedy="Check the host, the port, the user, the password and the database.",
        ) from None
    except (psycopg.Error, UnicodeError):
        # Its text may quote the part that it does not understand, a password for instance.
        raise ConfigError(f"The PostgreSQL DSN {shown} holds options that cannot be.") from None
    return dsn


def shown_url(url: str) -> str:
    """The URL without its password, and without its options: ``password`` may be one of them."""
    address = url.partition("?")[0]
    return redacted_url(address) if "://" in address else "(not shown here)"


def _reason(error: Exception) -> str:
    """What libpq says last, without the addresses that it puts before it; it shows no password."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    hint = [line for line in lines if "FATAL:" in line or "failed:" in line]
    return (hint[-1] if hint else "it does not answer").rpartition("failed: ")[2].rstrip(".")


@contextlib.contextmanager
def _quiet(name: str) -> Iterator[None]:
    """The library also logs what it raises; a person is to read it once, without a traceback."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)
