"""What a drain says of itself."""

from __future__ import annotations

from migrate_cli.drain.closers import Closer
from migrate_cli.drain.run import Outcome, Progress
from migrate_cli.drain.settings import DrainSettings
from migrate_cli.drain.workers import WorkerCloser
from migrate_cli.routers.doors import FrontDoor
from migrate_cli.routers.port import NotOfferedError
from wsmigrate.sides import Side


def plan(
    router: FrontDoor, side: Side, closer: Closer, settings: DrainSettings, queues: int | None
) -> str:
    """What is going to be closed, and how."""
    left = closer.left()
    try:
        at_door = str(router.sessions().of(side))
    except NotOfferedError:
        at_door = "?"
    by_queues = "" if queues is None else f", {queues} by the broker's queues"
    lines = [
        f"{side.value}: {left} sockets to close ({at_door} sessions by the front door{by_queues})."
    ]
    if isinstance(closer, WorkerCloser):
        sizes = [len(worker.open) for worker in closer.workers()]
        wedged = sum(bool(worker.gone) for worker in closer.workers())
        lines.append(
            f"{len(sizes)} workers of uWSGI {closer.master}, with {', '.join(map(str, sizes))} "
            "sockets; each is ended with all of its sockets"
            + (", which are closed one by one before that" if closer.spread else "")
            + (f". {wedged} may be wedged already and are ended first." if wedged else ".")
        )
        largest = max(sizes, default=0)
        if not closer.spread and largest > settings.in_flight:
            lines.append(
                f"The largest has more than --in-flight {settings.in_flight}: {largest} clients "
                "come back at once. --spread closes them at the pace, and they may be silent "
                "until then."
            )
    lines.append(
        f"At most {settings.per_second:g} a second and {settings.in_flight} on their way back: "
        f"about {left / settings.per_second:.0f} s."
    )
    return "\n".join(lines)


def progress(now: Progress) -> str:
    """Where it stands, in a line."""
    mood = now.verdict
    why = f" ({mood.reason})" if mood.reason else ""
    return (
        f"{now.elapsed_s:6.1f} s  {now.closed} closed, {now.in_flight} on their way "
        f"back, {now.left} left; {mood.mood.value}{why}"
    )


def outcome(end: Outcome, before: int | None, after: int | None) -> str:
    """What became of it. ``before`` and ``after`` are legacy sockets by the broker's queues."""
    lines = [
        f"{end.closed} sockets closed in {end.seconds:.1f} s, {end.left} left; at most "
        f"{end.most_in_flight} on their way back at a time, {end.not_seen_back} were not "
        f"seen back.",
        f"The other server slowed it down for {end.slowed_s:.1f} s and stopped it for "
        f"{end.stopped_s:.1f} s.",
    ]
    if before is not None and after is not None:
        lines.append(queues(before, after))
    lines += [
        f"Worker {one.process}: {one.sockets} sockets were open and may have been silent for "
        f"{one.seconds:.1f} s at most."
        for one in end.silences
    ]
    gaps = end.gaps
    if gaps is None:
        lines.append("Gaps are not known: this front door does not tell who is who.")
    else:
        length = "" if gaps.mean is None else f"; {gaps.mean:.2f} s long on average, "
        longest = "" if gaps.longest is None else f"{gaps.longest:.2f} s at most"
        frames = "not counted" if gaps.frames is None else str(gaps.frames)
        lines.append(
            f"Gaps: {gaps.moved} clients moved, {gaps.away} are not back{length}{longest}. "
            f"{gaps.more_than_one} clients had more than one. Frames in the gaps: {frames}."
            + (f" {end.not_counted}" if end.not_counted else "")
        )
    return "\n".join(lines)


def queues(before: int, after: int) -> str:
    """Legacy sockets as the broker counts them."""
    return f"By the broker's queues: {before} sockets before, {after} now."


def strays(count: int) -> str:
    """Sockets that a drain at the door did not see."""
    return f"{count} sockets never came by the front door: the workers that hold them are ended."
