"""Messages that cannot be relayed, are large, or are many."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from pathlib import Path

import pika
import psutil
import psycopg
import pytest
from bridges import Bridges
from fault_ledger import Fate, FaultPublisher
from listeners import Listeners, in_the_layer

from project import Project, wait_until
from wsmigrate.topology import inbox_of_room

LIMIT = 2 << 20
"""MAX_MESSAGE_BYTES in fault_settings.py."""


def dead_letters(project: Project, *words: str) -> tuple[int, str]:
    ended = project.run("-m", "migrate_cli", "bridge", "dead-letters", *words, check=False)
    assert "Traceback" not in ended.stderr
    return ended.returncode, ended.stdout + ended.stderr


async def test_each_kind_of_poison_is_kept_as_a_dead_letter_and_holds_up_nobody(
    project: Project, bridges: Bridges, publisher: FaultPublisher, listeners: Listeners
) -> None:
    await asyncio.to_thread(bridges.start)
    for number in range(20):
        publisher.publish("fault-0", b"before %d" % number)
        publisher.publish("fault-0", b"\xff\xfe not UTF-8", poison=True, message_id=f"m{number}")
    publisher.publish("fault-0", b"")
    publisher.publish("fault-0", b"x" * (1 << 20))
    publisher.publish("fault-0", b"y" * (20 << 20), poison=True, headers={"kind": "large"})
    publisher.publish("fault-0", b"half a surrogate \xed\xa0\x80", poison=True)
    publisher.publish("fault-0", b"after")
    await listeners.account_for(publisher.ledger)
    assert publisher.ledger.count(Fate.POISON) == 22
    code, said = await asyncio.to_thread(dead_letters, project, "list", "--json", "--limit", "500")
    letters = json.loads(said)
    assert code == 0
    assert [one["reason"] for one in letters].count("not-utf-8") == 21
    assert {one["room"] for one in letters} == {"fault-0"}
    large = next(one for one in letters if one["reason"] == "too-large")
    assert (large["bytes"], large["body_kept"]) == (20 << 20, True)
    assert large["properties"]["headers"] == {"kind": "large"}
    assert [one["message_id"] for one in letters[:20]] == [f"m{number}" for number in range(20)]


async def test_a_flood_of_poison_is_kept_and_does_not_hold_up_the_rooms_beside_it(
    project: Project,
    bridges: Bridges,
    amqp_url: str,
    publisher: FaultPublisher,
    listeners: Listeners,
) -> None:
    """One letter at a time took a transaction each, and a look at all that were there before."""
    await asyncio.to_thread(publish_poison, amqp_url, "fault-0", 20_000)
    publisher.publish("fault-0", b"after")
    only = await asyncio.to_thread(bridges.start)
    await listeners.account_for(publisher.ledger)
    assert only.figure("dead_lettered") == 20_000
    counted = project.execute("SELECT count(*), count(body) FROM wsmigrate_dead_letter")
    assert counted == [(20_000, 20_000)]
    rows = project.execute("SELECT position FROM wsmigrate_dead_letter ORDER BY id")
    assert rows == sorted(rows)


def publish_poison(amqp_url: str, room: str, count: int) -> None:
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        channel = connection.channel()
        for number in range(count):
            channel.basic_publish(room, "", b"\xff %d" % number)


async def test_dead_letters_beyond_their_bound_are_kept_without_bodies(
    project: Project, bridges: Bridges, publisher: FaultPublisher, listeners: Listeners
) -> None:
    project.variables = {**project.variables, "FAULT_DEAD_LETTER_BYTES": "2500"}
    await asyncio.to_thread(bridges.start)
    for number in range(5):
        publisher.publish("fault-0", b"\xff" * 999 + b"%d" % number, poison=True)
    publisher.publish("fault-0", b"after")
    await listeners.account_for(publisher.ledger)
    letters = json.loads((await asyncio.to_thread(dead_letters, project, "list", "--json"))[1])
    assert [one["body_kept"] for one in letters] == [True, True, False, False, False]
    code, said = await asyncio.to_thread(dead_letters, project, "show", str(letters[4]["id"]))
    assert (code, "(not kept)" in said) == (0, True)
    code, said = await asyncio.to_thread(
        dead_letters, project, "replay", str(letters[4]["id"]), "--replace-bad-bytes"
    )
    assert (code, "its body was not kept" in said) == (1, True)


async def test_a_dead_letter_is_replayed_once_after_the_limit_was_raised(
    project: Project, bridges: Bridges, publisher: FaultPublisher, listeners: Listeners
) -> None:
    await asyncio.to_thread(bridges.start)
    publisher.publish("fault-0", b"z" * (LIMIT + 1), poison=True)
    publisher.publish("fault-0", b"\xff", poison=True)
    publisher.publish("fault-0", b"after")
    await listeners.account_for(publisher.ledger)
    _, said = await asyncio.to_thread(dead_letters, project, "list", "--json")
    large, bad = (one["id"] for one in json.loads(said))
    code, said = await asyncio.to_thread(dead_letters, project, "replay", str(large))
    assert code == 1
    assert "still not relayable" in said
    project.variables = {**project.variables, "FAULT_MAX_MESSAGE_BYTES": str(4 << 20)}
    # Several operators at once, and once more: the message comes once.
    answers = await asyncio.gather(
        *(asyncio.to_thread(dead_letters, project, "replay", str(large)) for _ in range(3))
    )
    assert sorted(code for code, _ in answers) == [0, 1, 1]
    assert (await asyncio.to_thread(dead_letters, project, "replay", str(large)))[0] == 1
    code, said = await asyncio.to_thread(
        dead_letters, project, "replay", str(bad), "--replace-bad-bytes"
    )
    assert code == 0, said
    async with asyncio.timeout(30):
        while len(listeners.frames["fault-0"]) < 3:
            await asyncio.sleep(0.05)
    await asyncio.sleep(1)
    assert listeners.frames["fault-0"] == [b"after", b"z" * (LIMIT + 1), "\ufffd".encode()]
    assert (await asyncio.to_thread(dead_letters, project, "list"))[1].strip() == "No dead letters."
    code, said = await asyncio.to_thread(dead_letters, project, "purge", "--replayed", "--execute")
    assert "2 dead letters deleted" in said


SAID_AFTER_A_KILL = {
    "before-write": "2 replayed, 0 not.",
    "after-commit": "1 replayed, 1 had been before, 0 not.",
}


@pytest.mark.parametrize("point", SAID_AFTER_A_KILL)
async def test_a_replay_that_is_killed_in_the_middle_is_finished_by_the_next(
    project: Project,
    bridges: Bridges,
    publisher: FaultPublisher,
    listeners: Listeners,
    point: str,
) -> None:
    await asyncio.to_thread(bridges.start)
    for number in range(3):
        publisher.publish("fault-0", b"\xff %d" % number, poison=True)
    publisher.publish("fault-0", b"after")
    await listeners.account_for(publisher.ledger)
    replay = ("bridge", "dead-letters", "replay", "--all", "--replace-bad-bytes")
    doomed = str(Path(__file__).with_name("doomed_command.py"))
    killed = await asyncio.to_thread(project.run, doomed, f"{point}:2", *replay, check=False)
    assert killed.returncode == -signal.SIGKILL
    there = relayed(project, "fault-0")
    assert len(there) == 1 + (2 if point == "after-commit" else 1)
    finished = await asyncio.to_thread(project.run, "-m", "migrate_cli", *replay, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert SAID_AFTER_A_KILL[point] in finished.stdout
    expected = {"after", *(f"\ufffd {number}" for number in range(3))}
    async with asyncio.timeout(30):
        while len(listeners.frames["fault-0"]) < 4:
            await asyncio.sleep(0.05)
    await asyncio.sleep(1)  # for what should not come any more
    assert sorted(listeners.frames["fault-0"]) == sorted(one.encode() for one in expected)
    code, listed = await asyncio.to_thread(dead_letters, project, "list")
    assert (code, listed.strip()) == (0, "No dead letters.")


async def test_a_flood_to_one_room_does_not_hold_up_a_trickle_to_others(
    project: Project, bridges: Bridges, amqp_url: str, rooms: list[str], listeners: Listeners
) -> None:
    await asyncio.to_thread(bridges.start)
    flood = FaultPublisher(amqp_url, rooms[:1], per_s=1e9)
    trickle = FaultPublisher(amqp_url, rooms[1:], per_s=20, unique=True)
    flood.start()
    trickle.start()
    await asyncio.sleep(5)
    await asyncio.to_thread(wait_until, lambda: flood.ledger.count(Fate.TAKEN) > 1000)
    ledger = await asyncio.to_thread(trickle.stop)
    stopped_at = time.monotonic()
    await listeners.account_for(ledger)
    assert time.monotonic() - stopped_at < 15
    await listeners.account_for(await asyncio.to_thread(flood.stop))


async def test_memory_stays_flat_in_a_burst_of_large_messages_while_the_layer_is_slow(
    project: Project, bridges: Bridges, amqp_url: str, rooms: list[str], listeners: Listeners
) -> None:
    """300 MB wait in the inbox, and the bridge may hold 8 MiB of an inbox in hand."""
    publisher = FaultPublisher(amqp_url, rooms[:1])
    body = b"m" * (1 << 20)
    for _ in range(300):
        publisher.publish(rooms[0], body)
    project.variables = {**project.variables, "FAULT_MEMORY_BYTES": str(64 << 20)}
    bridge = await asyncio.to_thread(Bridges.start, Bridges(project), wait=False)
    largest = 0
    try:
        process = psutil.Process(bridge.pid)
        async with asyncio.timeout(120):
            while len(listeners.frames[rooms[0]]) < 300:
                largest = max(largest, process.memory_info().rss)
                await asyncio.sleep(0.05)
    finally:
        bridge.send(signal.SIGKILL)
    await listeners.account_for(publisher.ledger)
    assert largest < 220 << 20, f"{largest >> 20} MiB"


async def test_memory_stays_flat_in_a_burst_of_many_small_messages(
    project: Project, bridges: Bridges, amqp_url: str, rooms: list[str], listeners: Listeners
) -> None:
    await relay_a_burst(200_000, project, bridges, amqp_url, rooms)


@pytest.mark.long
async def test_memory_stays_flat_in_a_burst_of_a_million_messages(
    project: Project, bridges: Bridges, amqp_url: str, rooms: list[str], listeners: Listeners
) -> None:
    await relay_a_burst(1_000_000, project, bridges, amqp_url, rooms)


async def relay_a_burst(
    count: int, project: Project, bridges: Bridges, amqp_url: str, rooms: list[str]
) -> None:
    """It waits in the inboxes, which listeners have bound, and the bridge starts behind it. The
    ledger is the cursors of the inboxes: each message is an offset."""
    await asyncio.to_thread(publish_burst, amqp_url, rooms, count)
    bridge = await asyncio.to_thread(bridges.start)
    process = psutil.Process(bridge.pid)
    early = late = moved = 0
    begun = time.monotonic()
    deadline = begun + 120 + count / 500
    while moved < count:
        assert time.monotonic() < deadline, f"{moved} of {count} relayed"
        moved = await asyncio.to_thread(offsets_relayed, project)
        size = process.memory_info().rss
        if moved < count // 4:
            early = max(early, size)
        else:
            late = max(late, size)
        await asyncio.sleep(0.2)
    print(
        f"{count:,} relayed in {time.monotonic() - begun:.0f} s; memory at first {early >> 20}, "
        f"later {late >> 20} MiB; {bridge.figure('sessions'):.0f} sessions"
    )
    # A stream may take some offsets for records of its own.
    assert moved <= count + 50
    assert bridge.figure("relayed") <= count
    assert early, "it was too quick to be looked at"
    assert late < early + (40 << 20), f"from {early >> 20} to {late >> 20} MiB"


def offsets_relayed(project: Project) -> int:
    """How far the cursors of all inboxes have moved together."""
    rows = project.execute(
        'SELECT coalesce(sum("offset" + 1), 0)::bigint FROM wsmigrate_cursor'
        " WHERE inbox LIKE 'wsmigrate.inbox.%'"
    )
    return int(rows[0][0])


def publish_burst(amqp_url: str, rooms: list[str], count: int) -> None:
    """As fast as it goes; returns once the broker has all."""
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        channel = connection.channel()
        for number in range(count - 1):
            channel.basic_publish(rooms[number % len(rooms)], "", b"%d" % number)
        channel.confirm_delivery()
        channel.basic_publish(rooms[0], "", b"the last")


async def test_a_cursor_that_has_fallen_off_the_inbox_is_an_alarm_and_closes_who_missed_something(
    project: Project, bridges: Bridges, amqp_url: str
) -> None:
    project.variables = {**project.variables, "FAULT_INBOX_BYTES": str(2 << 20)}
    url, _ = await asyncio.to_thread(project.start_server)
    room, neighbour = rooms_of_two_inboxes()
    concerned, unconcerned, newcomers = Listeners(), Listeners(), Listeners()
    await concerned.join(url, room)
    await unconcerned.join(url, neighbour)
    publisher, quiet = FaultPublisher(amqp_url, [room]), FaultPublisher(amqp_url, [neighbour])
    publisher.publish(room, b"the first")
    first = await asyncio.to_thread(bridges.start)
    await concerned.account_for(publisher.ledger)
    first.send(signal.SIGKILL)
    for number in range(400):  # the inboxes keep 2 MB, in segments of 1 MB, of these 8
        publisher.publish(room, b"%06d" % number + b"x" * 20_000)
    quiet.publish(neighbour, b"nothing is missing here")
    second = await asyncio.to_thread(bridges.start)
    last = publisher.ledger.expected(room)[-1]
    async with asyncio.timeout(60):
        while not concerned.closed or last not in relayed(project, room):
            await asyncio.sleep(0.05)
    # It was closed in the place of what is missing, and got nothing of what came after that.
    assert concerned.closed == [1012]
    assert concerned.frames[room] == [b"the first"]
    await unconcerned.account_for(quiet.ledger)
    await newcomers.join(url, room)
    publisher.publish(room, b"after the gap")
    async with asyncio.timeout(30):
        while newcomers.frames[room] != [b"after the gap"]:
            await asyncio.sleep(0.05)
    for listeners in (concerned, unconcerned, newcomers):
        await listeners.close()
    missing = 402 - len(relayed(project, room))
    assert missing > 0, "the inbox kept everything"
    assert "MESSAGES ARE LOST" in second.said()
    assert missing <= second.figure("missed") <= missing + 20
    assert second.figure("gaps") == 1
    with psycopg.connect(project.postgres_dsn) as connection:
        rows = connection.execute(
            "SELECT first_position, last_position FROM wsmigrate_gap"
        ).fetchall()
    assert sum(last - first + 1 for first, last in rows) == second.figure("missed")
    status = await asyncio.to_thread(
        project.run, "-m", "migrate_cli", "bridge", "status", "--json", check=False
    )
    status = json.loads(status.stdout)
    assert sum(status["missing"].values()) == second.figure("missed")


def rooms_of_two_inboxes() -> tuple[str, str]:
    names = [f"fault-{number}" for number in range(20)]
    return names[0], next(
        one for one in names if inbox_of_room(one, 8) != inbox_of_room(names[0], 8)
    )


def relayed(project: Project, room: str) -> list[bytes]:
    return in_the_layer(project.postgres_dsn).get(room, [])
