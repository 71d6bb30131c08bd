"""``wsmigrate bridge dead-letters``: what could not be relayed."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

import bridge.settings as project
from migrate_cli.django_project import need_packages, set_up_django
from wsmigrate.config import Config
from wsmigrate.errors import ConfigError, ExitCode, RefusedError

if TYPE_CHECKING:
    from bridge.dead_letters import DeadLetterStore, KeptLetter, LetterFilter
    from bridge.sinks import Sink

T = TypeVar("T")
Command = Callable[..., Any]
_MOST = 2**63 - 1  # a bigint of PostgreSQL
_POSITIVE = click.IntRange(1, _MOST)


def _chosen(command: Command) -> Command:
    """The options that choose letters."""
    for option in (
        click.option("--inbox", help="Only those of this inbox."),
        click.option("--reason", help="Only those with this reason, such as not-utf-8."),
        click.option("--room", help="Only those of this room."),
        click.option("--settings", help="Django settings module."),
    ):
        command = option(command)
    return command


@click.group("dead-letters")
def dead_letters() -> None:
    """What could not be relayed: list it, look at it, relay it after all, or delete it."""


@dead_letters.command("list")
@click.argument("ids", metavar="[ID]...", nargs=-1, type=_POSITIVE)
@_chosen
@click.option("--all", "everything", is_flag=True, help="Those that were replayed as well.")
@click.option("--replayed", is_flag=True, help="Only those that were replayed.")
@click.option("--limit", type=_POSITIVE, default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def list_letters(
    *,
    ids: tuple[int, ...],
    settings: str | None,
    room: str | None,
    reason: str | None,
    inbox: str | None,
    everything: bool,
    replayed: bool,
    limit: int,
    as_json: bool,
) -> None:
    """List dead letters, the oldest first; never their bodies. Those that wait, unless others are
    chosen."""
    which = _filter(
        ids=ids or None,
        room=room,
        reason=reason,
        inbox=inbox,
        replayed=True if replayed else None if everything or ids else False,
    )
    letters = _with_desk(settings, lambda desk: desk.letters.list(which, min(limit + 1, _MOST)))
    if len(letters) > limit:
        letters.pop()
        click.echo(f"There are more than {limit}: raise --limit.", err=True)
    if as_json:
        click.echo(json.dumps([letter.as_json() for letter in letters], indent=2))
        return
    from migrate_cli.commands.dead_letters_shown import table  # noqa: PLC0415 - rich is slow

    table(letters)


@dead_letters.command()
@click.argument("letter_id", metavar="ID", type=_POSITIVE)
@click.option("--settings", help="Django settings module.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.option("--body", "with_body", is_flag=True, help="Write the body, and nothing else.")
def show(*, letter_id: int, settings: str | None, as_json: bool, with_body: bool) -> None:
    """Show one dead letter, with its properties. Its body is shown to who asks for it alone."""

    async def find(desk: _Desk) -> tuple[KeptLetter, bytes | None]:
        found = await desk.letters.list(_filter(ids=(letter_id,)))
        if not found:
            raise RefusedError(f"There is no dead letter {letter_id}.")
        return found[0], await desk.letters.body(letter_id) if with_body else None

    letter, body = _with_desk(settings, find)
    if with_body:
        if body is None:
            raise RefusedError(f"The body of the dead letter {letter_id} was not kept.")
        sys.stdout.buffer.write(body)
    elif as_json:
        click.echo(json.dumps(letter.as_json(), indent=2))
    else:
        from migrate_cli.commands.dead_letters_shown import card  # noqa: PLC0415

        card(letter)


@dead_letters.command()
@click.argument("ids", metavar="[ID]...", nargs=-1, type=_POSITIVE)
@_chosen
@click.option("--all", "everything", is_flag=True, help="All that wait, or all that are chosen.")
@click.option(
    "--replace-bad-bytes", is_flag=True, help="Put U+FFFD for what is not UTF-8, and relay that."
)
def replay(
    *,
    ids: tuple[int, ...],
    settings: str | None,
    room: str | None,
    reason: str | None,
    inbox: str | None,
    everything: bool,
    replace_bad_bytes: bool,
) -> int:
    """Relay dead letters after all, each once: by ID, or --all of those that are chosen. One that
    was relayed before, by a command that was killed, is a failure only if its ID is given.

    Most need something mended first: raise MAX_MESSAGE_BYTES for those that were too large.
    """
    which = _meant(ids, everything, room=room, reason=reason, inbox=inbox)

    async def replay_all(desk: _Desk) -> int:
        from bridge.replay import ReplayOutcome, replay_letter  # noqa: PLC0415

        letters = await desk.letters.list(which)
        _refuse_missing(ids, letters)
        outcomes: Counter[ReplayOutcome] = Counter()
        for letter in letters:
            outcome, why = await replay_letter(
                letter,
                desk.letters,
                desk.sink,
                max_message_bytes=desk.config.max_message_bytes,
                replace_bad_bytes=replace_bad_bytes,
            )
            outcomes[outcome] += 1
            click.echo(f"{letter.id}: {outcome.value}{f' ({why})' if why else ''}")
        before = 0 if ids else outcomes[ReplayOutcome.ALREADY]
        failed = len(letters) - outcomes[ReplayOutcome.REPLAYED] - before
        had_been = f", {before} had been before" if before else ""
        click.echo(f"{outcomes[ReplayOutcome.REPLAYED]} replayed{had_been}, {failed} not.")
        return failed

    return ExitCode.REFUSED if _with_desk(settings, replay_all) else ExitCode.DONE


@dead_letters.command()
@click.argument("ids", metavar="[ID]...", nargs=-1, type=_POSITIVE)
@_chosen
@click.option("--all", "everything", is_flag=True, help="All, or all that are chosen.")
@click.option("--replayed", is_flag=True, help="Only those that were replayed.")
@click.option("--execute", is_flag=True, help="Without it nothing is deleted, only counted.")
def purge(
    *,
    ids: tuple[int, ...],
    settings: str | None,
    room: str | None,
    reason: str | None,
    inbox: str | None,
    everything: bool,
    replayed: bool,
    execute: bool,
) -> None:
    """Delete dead letters: by ID, or --all of those that are chosen. They are gone for good."""
    which = _meant(
        ids,
        everything or (replayed and not ids),
        room=room,
        reason=reason,
        inbox=inbox,
        replayed=True if replayed else None,
    )
    if execute:
        count = _with_desk(settings, lambda desk: desk.letters.purge(which))
        click.echo(f"{count} dead letters deleted.")
    else:
        count = len(_with_desk(settings, lambda desk: desk.letters.list(which)))
        click.echo(f"{count} dead letters would be deleted. Nothing was: add --execute.")


@dataclass(frozen=True)
class _Desk:
    """What the commands work with."""

    config: Config
    letters: DeadLetterStore
    sink: Sink


def _with_desk(settings: str | None, act: Callable[[_Desk], Awaitable[T]]) -> T:
    need_packages("bridge dead-letters", "django", "channels", "psycopg")
    set_up_django("The bridge", settings)
    return asyncio.run(_at_desk(act))


async def _at_desk(act: Callable[[_Desk], Awaitable[T]]) -> T:
    from bridge.cursors import CursorStore  # noqa: PLC0415 - these need Django and psycopg
    from bridge.database import LayerDatabase  # noqa: PLC0415
    from bridge.dead_letters import DeadLetterStore  # noqa: PLC0415
    from bridge.sinks import sink_for  # noqa: PLC0415

    config = project.project_config()
    layer = project.layer_of_project()
    parameters = project.database_parameters(config.database)
    database = LayerDatabase(parameters, config.database)
    letters = DeadLetterStore(database, config.dead_letter_bytes)
    sink = sink_for(layer, config.event_name, CursorStore(database), letters, parameters)
    try:
        return await act(_Desk(config, letters, sink))
    finally:
        await database.close()


def _filter(**which: Any) -> LetterFilter:
    from bridge.dead_letters import LetterFilter  # noqa: PLC0415 - it needs psycopg

    return LetterFilter(**which)


def _meant(
    ids: tuple[int, ...],
    everything: bool,
    *,
    room: str | None,
    reason: str | None,
    inbox: str | None,
    replayed: bool | None = False,
) -> LetterFilter:
    if bool(ids) == everything:
        raise ConfigError(
            "Say which dead letters are meant: by their ids, or with --all.",
            remedy="See them with: wsmigrate bridge dead-letters list",
        )
    if ids:
        return _filter(ids=ids, room=room, reason=reason, inbox=inbox, replayed=replayed or None)
    return _filter(room=room, reason=reason, inbox=inbox, replayed=replayed)


def _refuse_missing(ids: tuple[int, ...], letters: list[KeptLetter]) -> None:
    missing = sorted(set(ids) - {letter.id for letter in letters})
    if missing:
        raise RefusedError(
            f"There is no dead letter {', '.join(map(str, missing))}.", then="None was replayed."
        )
