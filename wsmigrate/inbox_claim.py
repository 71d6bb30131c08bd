"""Whose inboxes they are: a site's mark on each, in the broker, so that another site with another
database, whose settings name the same inboxes, is told so.

Of queues it is refused, for each would take a part of the other's messages away. Streams can be
read by both, which costs work and loses nothing; and a site whose database was made anew looks like
another one. So with streams it is an error in the log, and the relay goes on.

The mark is an exchange that nothing is published to. An exchange that is declared again with
another alternate exchange is refused by the broker (406), which names the one that is there: so the
first site to declare it has the inbox, and whoever comes later is told in one step. Unlike a queue,
an exchange is on all nodes of a cluster. It is bound to its inbox and deletes itself with that
binding (AMQP 0-9-1, ``auto-delete``): an inbox that is deleted is nobody's.
"""

from __future__ import annotations

import enum
import logging
import re
from collections.abc import Sequence

from wsmigrate.amqp import AmqpClosedError, AmqpConnection
from wsmigrate.errors import ConfigError
from wsmigrate.topology import InboxKind

logger = logging.getLogger(__name__)

_PREFIX = "wsmigrate.owner."
_SITE_PREFIX = "wsmigrate.site."
_OTHER_SITE = re.compile(r"inequivalent arg 'alternate-exchange'.*'wsmigrate\.site\.", re.DOTALL)
_ACCESS_REFUSED = 403
_NOT_FOUND = 404
_PRECONDITION_FAILED = 406


class Owner(enum.Enum):
    """Whose an inbox is."""

    THIS_SITE = "this site's"
    ANOTHER_SITE = "another site's"
    NOBODY = "nobody's yet"


class OtherSitesInboxError(ConfigError):
    """The settings name an inbox that belongs to another site."""


def is_claim(room: str) -> bool:
    """Whether a room is reserved for these exchanges, so that no client may be in it."""
    return room.startswith(_PREFIX)


async def claim(
    connection: AmqpConnection, inboxes: Sequence[str], site: str, kind: InboxKind
) -> bool:
    """Mark inboxes as those of a site. ``site`` is a name of its database like no other's. Whether
    all of the inboxes exist: one that does not is nobody's, and to be claimed once it does. May be
    repeated.

    Raises OtherSitesInboxError for queues, and AmqpClosedError. A user that may not declare the
    exchange is let through: then nobody can tell.
    """
    all_there = True
    channel = await connection.channel()
    for inbox in inboxes:
        try:
            await channel.rpc("exchange_declare", **_exchange(inbox, site))
            await channel.rpc("queue_bind", queue=inbox, exchange=_PREFIX + inbox)
        except AmqpClosedError as error:
            _take_note(inbox, kind, error)
            if error.reply_code == _NOT_FOUND:
                all_there = False
                await _unmark(connection, inbox)
            channel = await connection.channel()
    channel.raw.close()
    return all_there


async def _unmark(connection: AmqpConnection, inbox: str) -> None:
    """Nothing would remove a mark that is not bound. One that is bound meanwhile stays."""
    channel = await connection.channel()
    try:
        await channel.rpc("exchange_delete", exchange=_PREFIX + inbox, if_unused=True)
    except AmqpClosedError as error:
        if error.reply_code != _PRECONDITION_FAILED:
            raise
    else:
        channel.raw.close()


async def owners(connection: AmqpConnection, inboxes: Sequence[str], site: str) -> dict[str, Owner]:
    """Whose the inboxes are, without a change. Raises AmqpClosedError."""
    found: dict[str, Owner] = {}
    for inbox in inboxes:
        channel = await connection.channel()
        try:
            await channel.rpc("exchange_declare", exchange=_PREFIX + inbox, passive=True)
        except AmqpClosedError as error:
            if error.reply_code != _NOT_FOUND:
                raise
            found[inbox] = Owner.NOBODY
            continue
        try:
            await channel.rpc("exchange_declare", **_exchange(inbox, site))
        except AmqpClosedError as error:
            if error.reply_code != _PRECONDITION_FAILED:
                raise
            found[inbox] = Owner.ANOTHER_SITE
        else:
            found[inbox] = Owner.THIS_SITE
            channel.raw.close()
    return found


async def take_over(
    connection: AmqpConnection, inboxes: Sequence[str], site: str, kind: InboxKind
) -> None:
    """Make inboxes this site's, whosever they were. Raises as ``claim`` does, where another site
    is quicker."""
    channel = await connection.channel()
    for inbox in inboxes:
        await channel.rpc("exchange_delete", exchange=_PREFIX + inbox)
    channel.raw.close()
    await claim(connection, inboxes, site, kind)


def _exchange(inbox: str, site: str) -> dict[str, object]:
    return {
        "exchange": _PREFIX + inbox,
        "exchange_type": "fanout",
        "durable": True,
        "auto_delete": True,
        "internal": True,
        "arguments": {"alternate-exchange": _SITE_PREFIX + site},
    }


def _take_note(inbox: str, kind: InboxKind, error: AmqpClosedError) -> None:
    if error.reply_code == _PRECONDITION_FAILED and _OTHER_SITE.search(str(error)):
        found = _other_sites(inbox, kind)
        if kind is InboxKind.QUEUE:
            raise found from error
        logger.error("%s", found)
        return
    if error.reply_code in (_ACCESS_REFUSED, _PRECONDITION_FAILED):
        logger.warning("Whether %s is another site's cannot be told: %s", inbox, error)
    elif error.reply_code != _NOT_FOUND:
        raise error


def _other_sites(inbox: str, kind: InboxKind) -> OtherSitesInboxError:
    both = "take messages away from each other" if kind is InboxKind.QUEUE else "relay all of it"
    return OtherSitesInboxError(
        f"{inbox} is another site's: it was first used with another database.",
        then=f"Two sites that use it {both}.",
        remedy="Set WSMIGRATE['INBOX_PREFIX'] to a name of this site's own, or use another "
        "vhost. If it is this site, with a new database: wsmigrate bridge claim --execute",
    )
