"""Where the inboxes stand, read from the database: by bridges that are anywhere, or by none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.database import LayerDatabase, Row
from bridge.dead_letters import DeadLetterStore
from bridge.gaps import GapStore


@dataclass(frozen=True)
class BridgeStatus:
    """A bridge process that was heard of lately. ``seen_s``: so many seconds ago."""

    owner: str
    host: str
    pid: int
    reaches_broker: bool
    seen_s: float
    up_s: float
    inboxes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "owner": self.owner,
            "host": self.host,
            "pid": self.pid,
            "reaches_broker": self.reaches_broker,
            "seen_s": round(self.seen_s, 3),
            "up_s": round(self.up_s, 1),
            "inboxes": list(self.inboxes),
        }


@dataclass(frozen=True)
class InboxStatus:
    """An inbox. ``holder`` is None where no live bridge has its lease; ``said`` is what the holder
    last said of it; ``cursor`` the position of the last message that the layer has."""

    inbox: str
    holder: str | None
    lease_s: float
    cursor: int | None
    moved_s: float | None
    said: Mapping[str, Any]

    @property
    def state(self) -> str:
        """The holder's word for it, or ``nobody``."""
        return "nobody" if self.holder is None else str(self.said.get("state", "starting"))

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "inbox": self.inbox,
            "state": self.state,
            "holder": self.holder,
            "lease_s": round(self.lease_s, 3),
            "cursor": self.cursor,
            "cursor_moved_s": None if self.moved_s is None else round(self.moved_s, 3),
            "figures": {key: value for key, value in self.said.items() if key != "state"},
        }


@dataclass(frozen=True)
class RelayStatus:
    """All of it. ``dead_letters`` wait, by reason; ``missing`` messages, by inbox."""

    bridges: Sequence[BridgeStatus]
    inboxes: Sequence[InboxStatus]
    dead_letters: Mapping[str, int]
    missing: Mapping[str, int]

    @property
    def is_relaying(self) -> bool:
        """Whether every inbox is relayed by a live bridge."""
        return all(one.state == "relaying" for one in self.inboxes)

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "relaying": self.is_relaying,
            "bridges": [one.as_json() for one in self.bridges],
            "inboxes": [one.as_json() for one in self.inboxes],
            "dead_letters": dict(self.dead_letters),
            "missing": dict(self.missing),
        }


async def relay_status(
    database: LayerDatabase, letters: DeadLetterStore, inboxes: Sequence[str], lease_s: float
) -> RelayStatus:
    """Raises ConfigError and UnavailableError (see LayerDatabase)."""
    bridges = await database.fetch(
        "SELECT b.owner, b.host, b.pid, b.reaches_broker,"
        " extract(epoch FROM clock_timestamp() - b.seen_at)::float8,"
        " extract(epoch FROM clock_timestamp() - b.started_at)::float8, b.said,"
        " coalesce(array_agg(l.inbox ORDER BY l.inbox) FILTER (WHERE l.inbox IS NOT NULL), '{}')"
        " FROM wsmigrate_bridge AS b LEFT JOIN wsmigrate_lease AS l"
        " ON l.holder = b.owner AND l.expires_at > clock_timestamp()"
        " WHERE wsmigrate_is_near(b.seen_at, make_interval(secs => %s))"
        " GROUP BY b.owner ORDER BY b.started_at",
        (lease_s,),
    )
    said = {row[0]: row[6] for row in bridges}
    rows = await database.fetch(
        "SELECT i.inbox, l.holder,"
        " extract(epoch FROM l.expires_at - clock_timestamp())::float8, c.offset,"
        " extract(epoch FROM clock_timestamp() - c.moved_at)::float8"
        " FROM unnest(%s::text[]) WITH ORDINALITY AS i(inbox, n)"
        " LEFT JOIN wsmigrate_lease AS l USING (inbox)"
        " LEFT JOIN wsmigrate_cursor AS c USING (inbox) ORDER BY i.n",
        (list(inboxes),),
    )
    return RelayStatus(
        bridges=[_bridge(row) for row in bridges],
        inboxes=[_inbox(*row, said=said) for row in rows],
        dead_letters=await letters.count(),
        missing=await GapStore(database).total(),
    )


def _bridge(row: Row) -> BridgeStatus:
    owner, host, pid, reaches_broker, seen_s, up_s, _said, inboxes = row
    return BridgeStatus(owner, host, pid, reaches_broker, seen_s, up_s, tuple(inboxes))


def _inbox(
    inbox: str,
    holder: str | None,
    lease_s: float | None,
    cursor: int | None,
    moved_s: float | None,
    *,
    said: Mapping[str, Mapping[str, Any]],
) -> InboxStatus:
    lives = holder in said and (lease_s or 0) > 0
    return InboxStatus(
        inbox=inbox,
        holder=holder if lives else None,
        lease_s=max(0.0, lease_s or 0.0) if lives else 0.0,
        cursor=cursor,
        moved_s=moved_s,
        said=said.get(holder or "", {}).get(inbox, {}) if lives else {},
    )
