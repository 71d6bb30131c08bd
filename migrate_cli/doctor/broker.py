"""RabbitMQ: whether it is there, and what this user may do, by trying with names of our own."""

from __future__ import annotations

import contextlib
import functools
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pika
import pika.exceptions
from packaging.version import InvalidVersion, Version

from migrate_cli.doctor.context import Context
from wsmigrate.amqp_url import redacted_url
from wsmigrate.config import Config
from wsmigrate.doctor.findings import Finding, Level
from wsmigrate.errors import UnavailableError
from wsmigrate.topology import ROOM_EXCHANGE, InboxKind, inbox_arguments

CHECK = "broker"
PERMISSIONS = "broker permissions"
STREAMS_FROM = Version("3.9")
FAILURES = (pika.exceptions.AMQPError, OSError)

_NEEDED_BY_ALL = "server, bridge and publisher"
_REFUSED = 403


def check(context: Context) -> Iterator[Finding]:
    """Reach it, then try."""
    project = context.project
    for url in project.amqp_urls:
        shown = redacted_url(url)
        try:
            connection = connected(url)
        except UnavailableError as error:
            yield Finding(CHECK, Level.MEND, error.what, error.remedy)
            continue
        with contextlib.closing(connection):
            version = version_of(connection)
            yield Finding(CHECK, Level.GOOD, f"RabbitMQ {version or '(no version)'} at {shown}.")
            yield from _of_version(version, project)
            yield from _permissions(connection, url, project)


def connected(url: str) -> Any:
    """A connection that gives up soon. Raises UnavailableError, which says what to do."""
    shown = redacted_url(url)
    parameters = pika.URLParameters(url)
    parameters.socket_timeout = parameters.stack_timeout = 5
    parameters.connection_attempts = 1
    parameters.blocked_connection_timeout = 5
    try:
        return pika.BlockingConnection(parameters)
    except pika.exceptions.ProbableAuthenticationError as error:
        raise UnavailableError(
            f"RabbitMQ at {shown} refuses the login.",
            remedy="Check user and password of AMQP_URL: rabbitmqctl authenticate_user …",
        ) from error
    except pika.exceptions.ProbableAccessDeniedError as error:
        raise UnavailableError(
            f"RabbitMQ at {shown} does not let the user into this virtual host.",
            remedy="rabbitmqctl set_permissions -p VHOST USER '.*' '.*' '.*'",
        ) from error
    except FAILURES as error:
        raise UnavailableError(
            f"RabbitMQ at {shown} cannot be reached ({type(error).__name__}).",
            remedy="Start it, or correct AMQP_URL; look at firewalls and its listeners.",
        ) from error


def version_of(connection: Any) -> str:
    """What the broker says when one connects."""
    properties = connection._impl.server_properties or {}
    return str(properties.get("version", ""))


def _of_version(version: str, project: Config) -> Iterator[Finding]:
    if project.inbox_kind is not InboxKind.STREAM:
        what = "The inboxes are queues: what is promised of them is less (docs/wirings.md)."
        yield Finding(CHECK, Level.ADVICE, what, "Use streams where the broker has them.")
        return
    with contextlib.suppress(InvalidVersion):
        if Version(version) < STREAMS_FROM:
            what = f"RabbitMQ {version} has no streams; they came with {STREAMS_FROM}."
            yield Finding(
                CHECK, Level.MEND, what, "Upgrade it, or set WSMIGRATE['INBOX_KIND'] to 'queue'."
            )


@dataclass(frozen=True)
class _Attempt:
    """Something that a role has to be able to do. ``permission`` is RabbitMQ's word for it.
    ``makes`` is what is there afterwards, ``needs`` what has to be there."""

    permission: str
    on: str
    roles: str
    do: Callable[[Any], Any]
    makes: str = ""
    needs: frozenset[str] = frozenset()


def _permissions(connection: Any, url: str, project: Config) -> Iterator[Finding]:
    own = uuid.uuid4().hex[:12]
    room, barrier = f"wsmigrate-doctor-{own}", f"{project.inbox_prefix}.barrier.doctor-{own}"
    prefix = project.inbox_names[0].rpartition(".")[0]
    inbox, mark = f"{prefix}.doctor-{own}", f"wsmigrate.mark.doctor-{own}"
    user = pika.URLParameters(url).credentials.username
    made: set[str] = set()
    all_done = True
    try:
        for attempt in _attempts(room, barrier, inbox, mark, project):
            if not attempt.needs <= made:
                what = (
                    f"Whether {user!r} may {attempt.permission} {attempt.on} was not to be tried."
                )
                yield Finding(PERMISSIONS, Level.UNKNOWN, what)
                continue
            failure = _tried(connection, attempt.do)
            if failure is None:
                made.add(attempt.makes)
                continue
            all_done = False
            yield Finding(
                PERMISSIONS,
                Level.MEND,
                f"{user!r} may not {attempt.permission} {attempt.on} ({failure}), which "
                f"{attempt.roles} need.",
                f"rabbitmqctl set_permissions -p VHOST {user} '.*' '.*' '.*', or patterns that "
                "match these names and those of all rooms.",
            )
    finally:
        for name in (room, barrier):
            _tried(connection, functools.partial(_delete, "exchange_delete", name))
        for name in (inbox, mark):
            _tried(connection, functools.partial(_delete, "queue_delete", name))
    if all_done:
        what = f"{user!r} may configure, write and read what {_NEEDED_BY_ALL} need."
        yield Finding(PERMISSIONS, Level.GOOD, what)


def _attempts(
    room: str, barrier: str, inbox: str, mark: str, project: Config
) -> Iterator[_Attempt]:
    rooms, inboxes = f"exchanges of rooms (as {room})", f"inboxes (as {inbox})"
    arguments = inbox_arguments(project.retention, project.inbox_kind)

    def declare(name: str) -> Callable[[Any], Any]:
        return lambda channel: channel.exchange_declare(
            name,
            ROOM_EXCHANGE.exchange_type,
            durable=ROOM_EXCHANGE.durable,
            auto_delete=ROOM_EXCHANGE.auto_delete,
        )

    def publish(channel: Any) -> None:
        channel.confirm_delivery()
        channel.basic_publish(room, "", b"")

    def read(channel: Any) -> None:
        channel.basic_qos(prefetch_count=1)
        channel.basic_cancel(channel.basic_consume(inbox, lambda *_: None))

    yield _Attempt("configure", rooms, "publisher and server", declare(room), "room")
    yield _Attempt(
        "configure",
        inboxes,
        "server and bridge",
        lambda channel: channel.queue_declare(inbox, durable=True, arguments=arguments),
        "inbox",
    )
    yield _Attempt(
        "configure",
        f"marks of servers (as {mark})",
        "servers",
        lambda channel: channel.queue_declare(mark, arguments={"x-expires": 60_000}),
    )
    yield _Attempt(
        "configure", f"exchanges of markers (as {barrier})", "commands", declare(barrier)
    )
    yield _Attempt(
        "bind",
        f"inboxes to rooms (write on {inbox}, read on {room})",
        "servers",
        lambda channel: channel.queue_bind(inbox, room),
        needs=frozenset({"room", "inbox"}),
    )
    yield _Attempt("write to", rooms, "publishers", publish, needs=frozenset({"room"}))
    yield _Attempt("read", inboxes, "bridges", read, needs=frozenset({"inbox"}))


def _delete(method: str, name: str, channel: Any) -> None:
    getattr(channel, method)(name)


def _tried(connection: Any, do: Callable[[Any], Any]) -> str | None:
    """None if it was done, else why not, in words that hold nothing of what it was done with."""
    try:
        channel = connection.channel()
        do(channel)
        if channel.is_open:
            channel.close()
    except pika.exceptions.ChannelClosedByBroker as error:
        words = {_REFUSED: "access refused", 404: "not there", 540: "not offered"}
        return words.get(error.reply_code, f"{error.reply_code}")
    except pika.exceptions.ConnectionBlockedTimeout:
        return "the broker takes no messages: its memory or disk alarm is on"
    except FAILURES as error:
        return type(error).__name__
    return None
