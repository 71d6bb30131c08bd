"""Streams: whether what goes in comes out, and whether the broker's clock agrees with ours."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import pika.exceptions

from migrate_cli.doctor.broker import FAILURES, connected
from migrate_cli.doctor.context import Context
from wsmigrate.doctor.clocks import BROKER_APART_S, of_broker_clock
from wsmigrate.doctor.findings import Finding, Level
from wsmigrate.errors import UnavailableError
from wsmigrate.topology import InboxKind, inbox_arguments

CHECK = "streams"
_WITHIN_S = 5.0
_SILENCE_S = 1.0


def check(context: Context) -> Iterator[Finding]:
    """Put a message into a stream of our own and take it out again; then look whether the existing
    inboxes are as configured."""
    project = context.project
    if project.inbox_kind is not InboxKind.STREAM:
        yield Finding(CHECK, Level.SKIPPED, "The inboxes are queues (INBOX_KIND).")
        return
    arguments = inbox_arguments(project.retention, project.inbox_kind)
    with contextlib.closing(_first_connected(context)) as connection:
        prefix = project.inbox_names[0].rpartition(".")[0]
        stream = f"{prefix}.doctor-{uuid.uuid4().hex[:12]}"
        try:
            channel = connection.channel()
            channel.queue_declare(stream, durable=True, arguments=arguments)
            channel.confirm_delivery()
            channel.basic_publish("", stream, b"doctor")
            now = time.time()
            if not _comes(connection, stream, "first", _WITHIN_S):
                what = f"A message that was put into a stream did not come out in {_WITHIN_S:g} s."
                yield Finding(CHECK, Level.MEND, what, "See the broker's log.")
                return
            yield Finding(CHECK, Level.GOOD, "What is put into a stream comes out of it.")
            yield broker_clock(connection, stream, now)
        except FAILURES as error:
            code = getattr(error, "reply_code", None)
            said = f"{type(error).__name__}{f' {code}' if code else ''}"
            yield Finding(
                CHECK,
                Level.MEND,
                f"A stream could not be declared and used ({said}).",
                "See what `broker permissions` says. A broker without streams: INBOX_KIND 'queue'.",
            )
        finally:
            with contextlib.suppress(*FAILURES):
                connection.channel().queue_delete(stream)
        yield from _of_inboxes(connection, project.inbox_names, arguments)


def broker_clock(connection: Any, stream: str, now: float) -> Finding:
    """Whether the broker wrote the only message of a stream at about ``now``, by its clock.

    A consumer that begins at a time gets what the broker stored since
    (https://www.rabbitmq.com/docs/streams#consuming): so one that begins a little earlier gets the
    message, and one that begins a little later does not.
    """
    is_behind = not _comes(connection, stream, _time(now - BROKER_APART_S), _SILENCE_S)
    is_ahead = _comes(connection, stream, _time(now + BROKER_APART_S + 1), _SILENCE_S)
    return of_broker_clock(is_behind=is_behind, is_ahead=is_ahead)


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc).replace(tzinfo=None)


def _comes(connection: Any, stream: str, offset: object, within_s: float) -> bool:
    """Whether a consumer that begins there gets something."""
    found: list[bytes] = []
    channel = connection.channel()
    channel.basic_qos(prefetch_count=1)
    channel.basic_consume(
        stream, lambda *delivery: found.append(delivery[3]), arguments={"x-stream-offset": offset}
    )
    deadline = time.monotonic() + within_s
    while not found and time.monotonic() < deadline:
        connection.process_data_events(time_limit=0.1)
    channel.close()
    return bool(found)


def _of_inboxes(
    connection: Any, names: tuple[str, ...], arguments: dict[str, Any]
) -> Iterator[Finding]:
    there, other = 0, []
    for name in names:
        with contextlib.suppress(pika.exceptions.ChannelClosedByBroker):
            connection.channel().queue_declare(name, passive=True)
            there += 1
            try:
                connection.channel().queue_declare(name, durable=True, arguments=arguments)
            except pika.exceptions.ChannelClosedByBroker as error:
                other += [name] if error.reply_code == 406 else []
    if other:
        yield Finding(
            CHECK,
            Level.ADVICE,
            f"{len(other)} inboxes exist with another retention or kind than the settings have, as "
            f"{other[0]}. They are used as they are.",
            "Change the settings back, or delete them while no bridge and no server runs.",
        )
    what = f"{there} of {len(names)} inboxes exist; the others are made by the first server."
    yield Finding(CHECK, Level.GOOD, what)


def _first_connected(context: Context) -> Any:
    *others, last = context.project.amqp_urls
    for url in others:
        with contextlib.suppress(UnavailableError):
            return connected(url)
    return connected(last)
