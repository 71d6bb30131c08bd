"""Putting a drain together for a site, and the cutover's way to have sockets moved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from migrate_cli.drain import texts
from migrate_cli.drain.broker import RoomListener, count_legacy_queues
from migrate_cli.drain.census import Census, HaproxyCensus, Seen
from migrate_cli.drain.closers import Closer, DoorCloser, Silence
from migrate_cli.drain.run import Drain, Outcome
from migrate_cli.drain.settings import BY_DOOR, DrainSettings
from migrate_cli.drain.strays import require_no_queue, require_sight_of_strays, stray_workers
from migrate_cli.drain.watching import OtherServer
from migrate_cli.drain.workers import WorkerCloser, master_of
from migrate_cli.routers.doors import FrontDoor
from migrate_cli.routers.haproxy import HaproxyDoor
from migrate_cli.routers.probing import sides_of
from wsmigrate.amqp_url import checked_amqp_url
from wsmigrate.errors import ConfigError, RefusedError, UnavailableError
from wsmigrate.sides import Side


def census_of(router: FrontDoor) -> HaproxyCensus | None:
    """Who is who at a front door; None where it does not tell."""
    doors = [door for door in router.doors if isinstance(door, HaproxyDoor)]
    census = HaproxyCensus(doors)
    return census if doors and census.is_offered() else None


def closer_of(router: FrontDoor, side: Side, settings: DrainSettings) -> Closer:
    """How the sockets of a side are closed. Raises ConfigError."""
    if side is Side.CHANNELS or settings.by == BY_DOOR:
        return DoorCloser(router, side)
    if settings.uwsgi_pid is None:
        raise ConfigError(
            "Which uWSGI to drain worker by worker was not said.",
            remedy="Give --uwsgi-pid, or uwsgi_pid in [drain]. Choose `door` only where a client "
            "that leaves does no harm to others, which is not so with the published server.",
        )
    return WorkerCloser(master_of(settings.uwsgi_pid), settings.legacy_port, settings.spread)


def drain_of(router: FrontDoor, side: Side, closer: Closer, settings: DrainSettings) -> Drain:
    """The drain, ready to run."""
    census = census_of(router)
    url = settings.amqp_url
    return Drain(
        side,
        closer,
        OtherServer(
            router, side.other, settings.admin_url if side.other is Side.CHANNELS else None
        ),
        settings.limits,
        census=census,
        listener=RoomListener(checked_amqp_url(url)) if url and census else None,
        patience_s=settings.patience_s,
        within_s=settings.within_s,
    )


@dataclass
class MisplacedCloser:
    """Closes those sockets of a side whose rooms the front door sends to the other side now: for a
    share between 0 and 100. Asks the door once for each room, by a plain request."""

    doors: tuple[HaproxyDoor, ...]
    census: Census
    side: Side
    url: str
    _places: dict[str, Side | None] = field(default_factory=dict)

    def left(self) -> int:
        """See Closer."""
        return len(self._misplaced())

    def smallest(self) -> int:
        """See Closer."""
        return 1

    def close(self, most: int, now: float) -> int:
        """See Closer."""
        del now
        names = set(self._misplaced())
        closed = 0
        for door in self.doors:
            mine = {
                name.removeprefix(f"{door.name} ") for name in names if name.startswith(door.name)
            }
            closed += door.close_sessions(self.side, most - closed, only=mine)
        return closed

    def finish(self, now: float) -> None:
        """See Closer: nothing is left to do."""

    def silences(self) -> list[Silence]:
        """See Closer: none."""
        return []

    def _misplaced(self) -> Mapping[str, Seen]:
        mine = {
            name: seen for name, seen in self.census.clients().items() if seen.side is self.side
        }
        unknown = sorted({seen.room for seen in mine.values()} - set(self._places))
        self._places.update(sides_of(self.url, unknown))
        other = self.side.other
        return {name: seen for name, seen in mine.items() if self._places[seen.room] is other}


@dataclass(frozen=True)
class SocketMover:
    """Moves sockets for the cutover. ``url`` is where clients come in; it is needed where only a
    part of the rooms moves."""

    router: FrontDoor
    settings: DrainSettings
    url: str | None = None

    def move(self, away_from: Side, say: Callable[[str], None]) -> str:
        """Close a server's sockets of rooms that belong to the other one, until none is left; what
        was seen, in sentences.

        All of its sockets, if the front door sends everybody to the other one. Idempotent: called
        again it goes on. Raises RefusedError where sockets are left because the other server did
        not take it well, ConfigError and UnavailableError where it could not begin.
        """
        closer = self.closer(away_from)
        if away_from is Side.LEGACY and not isinstance(closer, MisplacedCloser):
            return self._move_all_legacy(closer, say)
        return self._move(away_from, closer, say)

    def _move_all_legacy(self, closer: Closer, say: Callable[[str], None]) -> str:
        """Those too that never came by the front door."""
        require_sight_of_strays(self.settings)
        command = self.settings.queues_command
        before = count_legacy_queues(command) if command else None
        told = [self._move(Side.LEGACY, closer, say)]
        strays = stray_workers(self.settings)
        if strays is not None and (count := strays.left()):
            say(texts.strays(count))
            told += [texts.strays(count), self._move(Side.LEGACY, strays, say)]
        after = require_no_queue(self.settings)
        if before is not None and after is not None:
            told.append(texts.queues(before, after))
        return "\n".join(told)

    def _move(self, away_from: Side, closer: Closer, say: Callable[[str], None]) -> str:
        drain = drain_of(self.router, away_from, closer, self.settings)
        drain.report = lambda progress: say(texts.progress(progress))
        outcome = drain.run()
        told = texts.outcome(outcome, None, None)
        if outcome.left:
            say(told)
            raise left_open(outcome)
        return told

    def closer(self, side: Side) -> Closer:
        """What closes the sockets that are to move, for the share that the front door has. Raises
        RefusedError where none are, or where they cannot be told from those that stay."""
        percent = self.router.share().percent
        wanted = 100 if side is Side.LEGACY else 0
        if percent == wanted:
            return closer_of(self.router, side, self.settings)
        if percent is None or percent == 100 - wanted:
            now = "differing shares" if percent is None else f"{percent:g} %"
            raise RefusedError(
                f"The front door has {now}, so clients of {side.value} would come back to it.",
                then="Nothing was closed.",
                remedy=f"First: wsmigrate route set {wanted} --execute.",
            )
        if side is Side.LEGACY and self.settings.by != BY_DOOR:
            raise RefusedError(
                f"With a share of {percent:g} % its workers hold sockets that stay.",
                then="No worker can be ended, and nothing was closed.",
                remedy="Set the share to 100 first.",
            )
        census = census_of(self.router)
        if census is None or self.url is None:
            raise UnavailableError(
                f"The front door has {percent:g} %, and which sockets belong to the other server "
                "cannot be told.",
                remedy="That takes an HAProxy as wsmigrate renders it, and `url` in [front_door].",
            )
        doors = tuple(door for door in self.router.doors if isinstance(door, HaproxyDoor))
        return MisplacedCloser(doors, census, side, self.url)


def left_open(outcome: Outcome) -> RefusedError:
    """What is said of a drain that left sockets."""
    return RefusedError(
        f"{outcome.left} sockets of {outcome.side.value} are still open: "
        f"{outcome.given_up or 'new ones came meanwhile'}.",
        remedy="See to the other server, then call the command again; or set the share back.",
    )
