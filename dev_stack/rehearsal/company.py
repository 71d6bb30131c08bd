"""Everybody who uses the site in a rehearsal: its clients, its publishers, and who posts to it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from dev_stack.demo.load import Chat, make_chats
from dev_stack.demo.site import Site as Api
from dev_stack.demo.site import SiteError
from dev_stack.parts import base_environment
from dev_stack.rehearsal.lines import Key, said
from dev_stack.rehearsal.load import Load
from dev_stack.rehearsal.records import (
    FAILED,
    TAKEN,
    ClientRecord,
    Message,
    read_clients,
    read_messages,
)
from dev_stack.site import Site
from wsmigrate.errors import UnavailableError

CHATS: Final = 4
_CHECKOUT = Path(__file__).resolve().parents[2]
_END_WITHIN_S = 60.0


class Poster:
    """Posts to chats over the site's REST API, at a steady rate, in a thread of its own.

    Its rooms come behind those of the load: ``first`` is the number of the first chat.
    """

    def __init__(self, url: str, rate: float, first: int) -> None:
        self.rooms: list[str] = []
        self.messages: list[Message] = []
        self._url = url
        self._rate = rate
        self._first = first
        self._made = threading.Event()
        self._begun = threading.Event()
        self._ended = threading.Event()
        self._fault: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="poster", daemon=True)

    def make_chats(self) -> list[str]:
        """Sign up and make the chats; their rooms. Raises SiteError."""
        if self._rate:
            self._thread.start()
            self._made.wait()
            if self._fault is not None:
                raise self._fault
        return self.rooms

    def begin(self) -> None:
        """Begin to post."""
        self._begun.set()

    def stop(self) -> None:
        """Return once the last post was answered."""
        self._ended.set()
        self._begun.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._post_until_stopped())
        except Exception as error:
            self._fault = error
        finally:
            self._made.set()

    async def _post_until_stopped(self) -> None:
        async with Api(self._url) as api:
            chats = await make_chats(api, CHATS, group="rehearsal-")
            self.rooms = [chat.room for chat in chats]
            self._made.set()
            await asyncio.to_thread(self._begun.wait)
            due, number = time.monotonic(), 0
            while not self._ended.is_set():
                await self._post(api, chats, number)
                number += 1
                due = max(due + 1 / self._rate, time.monotonic() - 1)
                await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _post(self, api: Api, chats: list[Chat], number: int) -> None:
        place, turn = number % len(chats), number // len(chats)
        chat, key = chats[place], Key("site0", self._first + place, turn)
        message = Message(key, time.monotonic(), 0.0, FAILED)
        with contextlib.suppress(SiteError):
            text = said(key.publisher, key.room, key.number, 80)
            await api.send(chat.room, chat.speakers[turn % len(chat.speakers)], text)
            message.fate = TAKEN
        message.end = time.monotonic()
        self.messages.append(message)


@dataclass
class Company:
    """The load of a rehearsal. Use it as a context manager; ``open`` lets everybody in."""

    load: Load
    site: Site
    url: str
    http_url: str
    folder: Path
    rooms: list[str] = field(default_factory=list)
    _clients: dict[int, int] = field(default_factory=dict)
    _crowd: subprocess.Popen[str] | None = None
    _publishers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _poster: Poster | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._poster is not None:
            self._poster.stop()
        for process in (self._crowd, *self._publishers.values()):
            if process is not None:
                process.kill()
                process.wait()
                for pipe in (process.stdin, process.stdout):
                    if pipe is not None:
                        pipe.close()

    def open(self) -> dict[str, Any]:
        """Connect all clients; who is where."""
        load = self.load
        self._poster = Poster(self.http_url, load.site_rate, len(load.rooms))
        self.rooms = [room.name for room in load.rooms] + self._poster.make_chats()
        self._crowd = subprocess.Popen(
            [sys.executable, "-m", "dev_stack.rehearsal.crowd"],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(_CHECKOUT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(self.folder / "crowd.err").open("w"),
            text=True,
            start_new_session=True,
        )
        self._tell(url=self.url, retry_after_s=load.retry_after_s, log=str(self._crowd_log))
        places = [place for place, room in enumerate(load.rooms) for _ in range(room.clients)]
        return self.join([*places, *range(len(load.rooms), len(self.rooms))])

    def join(self, places: list[int]) -> dict[str, Any]:
        """Connect one more client for each of these places of rooms; who is where then."""
        first = len(self._clients)
        new = dict(enumerate(places, first))
        self._clients.update(new)
        return self._ask(do="join", clients=[[one, self.rooms[at]] for one, at in new.items()])

    def join_late(self) -> dict[str, Any]:
        """Connect clients in rooms that have some already."""
        count = len(self._clients)
        return self.join([(count + one) % len(self.rooms) for one in range(self.load.late_clients)])

    def status(self) -> dict[str, Any]:
        """Who is where."""
        return self._ask(do="status")

    def publish(self) -> None:
        """Begin to publish, and to post."""
        load = self.load
        for number in range(load.publishers):
            name = f"pub{number}"
            plan = self.folder / f"{name}.json"
            rooms = [
                {"name": room.name, "rate": room.rate / load.publishers} for room in load.rooms
            ]
            plan.write_text(json.dumps({"rooms": rooms, "sizes": load.sizes}), encoding="utf-8")
            with (self.folder / f"{name}.err").open("w") as errors:
                self._publishers[name] = subprocess.Popen(
                    [
                        *(sys.executable, "-m", "dev_stack.rehearsal.publisher"),
                        *(name, str(plan), str(self._publisher_log(name))),
                    ],
                    cwd=self.site.folder,
                    env=base_environment({**os.environ, **self.site.env()}),
                    stdin=subprocess.PIPE,
                    stdout=errors,
                    stderr=errors,
                    start_new_session=True,
                )
        if self._poster is not None:
            self._poster.begin()

    def stop(self, settle_s: float) -> dict[str, Any]:
        """End the publishers; then, once no frame has come for ``settle_s`` seconds, the clients.
        Who was where then. Raises UnavailableError if a publisher had died."""
        for process in self._publishers.values():
            if process.stdin is not None:
                process.stdin.close()
        if self._poster is not None:
            self._poster.stop()
        for name, process in self._publishers.items():
            if process.wait(_END_WITHIN_S) != 0:
                raise UnavailableError(f"The publisher {name} has died.")
        frames, since = -1, time.monotonic()
        while time.monotonic() - since < settle_s:
            status = self.status()
            if status["frames"] != frames:
                frames, since = status["frames"], time.monotonic()
            time.sleep(0.2)
        return self._ask(do="stop")

    def messages(self) -> list[Message]:
        """Everything that was published."""
        found = [] if self._poster is None else list(self._poster.messages)
        for name in self._publishers:
            with self._publisher_log(name).open(encoding="utf-8") as lines:
                found += read_messages(name, lines)
        return found

    def clients(self) -> list[ClientRecord]:
        """What came to everybody."""
        with self._crowd_log.open(encoding="utf-8") as lines:
            return read_clients(self._clients, lines)

    @property
    def _crowd_log(self) -> Path:
        return self.folder / "crowd.log"

    def _publisher_log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def _ask(self, **order: Any) -> dict[str, Any]:
        self._tell(**order)
        answer = self._crowd.stdout.readline() if self._crowd and self._crowd.stdout else ""
        if not answer:
            raise UnavailableError(
                "The process of the clients has ended.",
                remedy=f"{self.folder / 'crowd.err'} says why.",
            )
        found: dict[str, Any] = json.loads(answer)
        return found

    def _tell(self, **order: Mapping[str, Any] | Any) -> None:
        if self._crowd is None or self._crowd.stdin is None:
            raise UnavailableError("There are no clients yet.")
        with contextlib.suppress(BrokenPipeError):
            self._crowd.stdin.write(json.dumps(order) + "\n")
            self._crowd.stdin.flush()
