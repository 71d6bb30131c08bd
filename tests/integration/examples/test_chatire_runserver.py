"""``manage.py runserver`` alone: HTTP and WebSocket in one process, no other service."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from chatire_site import CHECKOUT, Account, Site, manage, running_site, runserver
from websockets.asyncio.client import ClientConnection, connect

from old_notifs import old_notifs_folder

TEXTS = (
    "hello",
    "hello",
    '<b>not bold</b> & "quotes" \\ /',
    "emoji 🎉, שלום, \u0001\u2028",
    " ",
    "long ✓ " * 25_000,
    "🎉" * (1 << 18),  # 1 MiB, of which JSON makes three
    "and then a short one",
)
FRAME_LIMIT_S = 30


@pytest.fixture(scope="module")
def one_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(runserver, tmp_path_factory.mktemp("runserver")) as site:
        yield site


@pytest.fixture(scope="module")
def old_notifs() -> Path:
    return old_notifs_folder()


async def test_listeners_get_each_message_as_one_text_frame_with_its_exact_bytes(
    one_process: Site,
) -> None:
    await _posts_become_frames(one_process, one_process.sign_up("eve"))


async def test_the_same_view_works_with_the_django_notifs_before(
    old_notifs: Path, tmp_path: Path
) -> None:
    path = os.pathsep.join((str(old_notifs), str(CHECKOUT)))
    with running_site(runserver, tmp_path, {"PYTHONPATH": path}) as site:
        found = manage(["shell", "-c", "import notifications as n; print(n.__file__)"], site.env)
        assert found.stdout.strip().endswith(str(old_notifs / "notifications" / "__init__.py"))
        await _posts_become_frames(site, site.sign_up("eve"))
        assert TEXTS[0] not in site.log.read_text()


async def test_a_room_hears_nothing_of_another_and_clients_are_not_repeated(
    one_process: Site,
) -> None:
    fred = one_process.sign_up("fred")
    here, there = fred.start_chat(), fred.start_chat()
    async with _listening(one_process, here) as listener:
        await listener.send('{"message": "a client does not talk to others by the socket"}')
        await asyncio.to_thread(fred.say, there, "somewhere else")
        await asyncio.to_thread(fred.say, here, "here")
        assert json.loads(await _frame(listener))["message"] == "here"


async def _posts_become_frames(site: Site, poster: Account) -> None:
    uri = poster.start_chat()
    async with _listening(site, uri) as first, _listening(site, uri) as second:
        for text in TEXTS:
            answer = await asyncio.to_thread(poster.say, uri, text)
            assert answer.status_code == 201, answer.text
        expected = [json.dumps({"user": poster.user, "message": text}).encode() for text in TEXTS]
        for listener in (first, second):
            assert [await _frame(listener) for _ in TEXTS] == expected


def _listening(site: Site, uri: str) -> connect:
    return connect(f"ws://127.0.0.1:{site.port}/{uri}", max_size=None, open_timeout=FRAME_LIMIT_S)


async def _frame(listener: ClientConnection) -> bytes:
    async with asyncio.timeout(FRAME_LIMIT_S):
        return await listener.recv(decode=False)
