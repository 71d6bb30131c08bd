"""Both servers behind a rendered HAProxy, and clients that come back by themselves."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pika
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake, WebSocketException

from dev_stack.parts import PartSpec
from dev_stack.probes import runtime_socket_answers
from dev_stack.runtime import Runtime
from migrate_cli.routers.haproxy import HaproxyDoor, StateFile
from migrate_cli.routers.haproxy_socket import RuntimeSocket
from migrate_cli.routers.render.haproxy import (
    BACKEND,
    FALLBACK,
    FIRST_STATE,
    HaproxyFiles,
    haproxy_configuration,
)
from migrate_cli.routers.render.options import SERVER_HEADER, RenderOptions
from project import ROOT, Project, Served, listens, wait_until
from wsmigrate.weights import Servers

INI = ROOT / "legacy_uwsgi_ws" / "uwsgi.ini"
UWSGI = Path(sys.executable).with_name("uwsgi")
STRAIGHT = "legacy"
"""Who answers without a front door, which names the server that it has chosen."""


@dataclass
class Session:
    """What one of a client's successive sockets got, and when it began and ended."""

    server: str
    began: float
    got: list[int] = field(default_factory=list)
    ended: float | None = None
    code: int | None = None


@dataclass
class Client:
    """A client of the front door that comes back whenever its socket ends."""

    room: str
    sessions: list[Session] = field(default_factory=list)
    refused: int = 0

    async def live(self, url: str, choice: random.Random) -> None:
        while True:
            with contextlib.suppress(InvalidHandshake, OSError, TimeoutError, EOFError):
                await self._session(url)
            await asyncio.sleep(choice.uniform(0.05, 0.4))

    async def _session(self, url: str) -> None:
        try:
            # One that gives up waiting is a client that leaves, which the published server does not
            # survive.
            connection = await connect(
                f"{url}/{quote(self.room)}", compression=None, ping_interval=None, open_timeout=60
            )
        except (WebSocketException, OSError, TimeoutError):
            self.refused += 1
            raise
        server = connection.response.headers.get(SERVER_HEADER, STRAIGHT)
        session = Session(server, time.monotonic())
        self.sessions.append(session)
        try:
            async for frame in connection:
                session.got.append(int(frame.split()[-1]))
        except WebSocketException:
            pass
        finally:
            session.ended, session.code = time.monotonic(), connection.close_code
            connection.transport.abort()

    @property
    def is_on(self) -> str:
        last = self.sessions[-1] if self.sessions else None
        return last.server if last and last.ended is None else "nobody"

    def has(self, number: int) -> bool:
        """Whether the open socket has got so far."""
        last = self.sessions[-1] if self.sessions else None
        return last is not None and last.ended is None and last.got[-1:] >= [number]

    @property
    def gaps(self) -> list[float]:
        return [
            later.began - earlier.ended
            for earlier, later in itertools.pairwise(self.sessions)
            if earlier.ended is not None
        ]

    def missed_in_gaps(self) -> int:
        return sum(
            later.got[0] - earlier.got[-1] - 1
            for earlier, later in itertools.pairwise(self.sessions)
            if earlier.got and later.got
        )

    def faults_while_connected(self) -> list[tuple[int, int]]:
        """Lost, doubled and swapped frames: neighbours that do not follow one another."""
        return [
            pair
            for session in self.sessions
            for pair in itertools.pairwise(session.got)
            if pair[1] != pair[0] + 1
        ]


class Audience:
    """Clients in a thread of their own."""

    def __init__(self, url: str, rooms: Sequence[str], per_room: int) -> None:
        self.clients = [Client(room) for room in rooms for _ in range(per_room)]
        self._url = url
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Audience:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)

    @property
    def are_connected(self) -> bool:
        return "nobody" not in self.are_on()

    def are_on(self) -> set[str]:
        return {client.is_on for client in self.clients}

    def wait_until_on(self, server: str) -> None:
        wait_until(lambda: self.are_on() == {server}, lambda: str(self.are_on()), 60)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        for number, client in enumerate(self.clients):
            choice = random.Random(number)
            self._loop.create_task(client.live(self._url, choice))
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.05))
        self._loop.close()


class Publisher:
    """Publishes 0, 1, 2, … to every room, as django-notifs does, so many rounds a second."""

    def __init__(self, amqp_url: str, rooms: Sequence[str], per_second: float) -> None:
        self._url, self._rooms, self._pause_s = amqp_url, rooms, 1 / per_second
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.rounds = 0

    def __enter__(self) -> Publisher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join(20)

    def wait_for_rounds(self, more: int) -> None:
        wanted = self.rounds + more
        wait_until(lambda: self.rounds >= wanted)

    def _run(self) -> None:
        with contextlib.closing(pika.BlockingConnection(pika.URLParameters(self._url))) as link:
            channel = link.channel()
            for room in self._rooms:
                channel.exchange_declare(room, exchange_type="fanout")
            while not self._ending.wait(self._pause_s):
                for room in self._rooms:
                    channel.basic_publish(room, "", str(self.rounds).encode())
                self.rounds += 1


@dataclass
class Site:
    """The two servers, the front door and where they are."""

    project: Project
    new: Served
    door: HaproxyDoor
    url: str
    legacy_port: int
    uwsgi_pid: Path
    config: Path

    def command(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """``wsmigrate …`` with this front door."""
        return self.project.run(
            "-m", "migrate_cli", *words, "--config", str(self.config), check=check
        )


@contextlib.contextmanager
def site(
    project: Project,
    runtime: Runtime,
    haproxy: Path,
    bridge: bool = True,
    **legacy_settings: str,
) -> Iterator[Site]:
    """Start it all; new clients go to the old server."""
    legacy_port, front = project.free_port(), project.free_port()
    pid_file = project.folder / "uwsgi.pid"
    uwsgi = _start_legacy(project, legacy_port, pid_file, legacy_settings)
    try:
        new = project.serve("--drain-delay", "0")
        if bridge:
            project.start_bridge()
        home = runtime.folder / "door"
        home.mkdir()
        files = HaproxyFiles(home / "admin.sock", home / "servers.state")
        options = RenderOptions(
            listen=(f"127.0.0.1:{front}",),
            legacy=(f"127.0.0.1:{legacy_port}",),
            channels=(f"127.0.0.1:{new.port}",),
            max_connections=2000,
        )
        files.state_file.write_text(FIRST_STATE)
        (home / "haproxy.cfg").write_text(haproxy_configuration(options, files))
        runtime.supervisor.start(
            PartSpec(
                name="door",
                command=(str(haproxy), "-db", "-f", str(home / "haproxy.cfg")),
                cwd=home,
                probe=runtime_socket_answers(files.runtime_socket, front),
                stop_grace_s=2.0,
            )
        )
        runtime.supervisor.wait_until_ready("door")
        door = HaproxyDoor(
            RuntimeSocket(str(files.runtime_socket)),
            BACKEND,
            Servers(("legacy",), ("channels",)),
            StateFile(files.state_file, BACKEND),
            (FALLBACK,),
        )
        url = f"ws://127.0.0.1:{front}"
        config = project.folder / "wsmigrate.toml"
        config.write_text(
            f'[front_door]\nkind = "haproxy"\nsocket = "{files.runtime_socket}"\n'
            f'state_file = "{files.state_file}"\nfallback = "{FALLBACK}"\nurl = "{url}"\n'
        )
        yield Site(project, new, door, url, legacy_port, pid_file, config)
    finally:
        uwsgi.kill()
        uwsgi.wait()


def _start_legacy(
    project: Project, port: int, pid_file: Path, settings: dict[str, str]
) -> subprocess.Popen[bytes]:
    log = (project.folder / "uwsgi.log").open("wb")
    with log:
        process = subprocess.Popen(
            [UWSGI, "--ini", INI, "--pidfile", pid_file],
            env={
                **project.environment,
                "PYTHONPATH": "",
                "LEGACY_WS_LISTEN": f"127.0.0.1:{port}",
                "LEGACY_WS_AMQP_URL": project.amqp_url,
                **settings,
            },
            stdout=log,
            stderr=log,
        )
    wait_until(lambda: listens(port) and pid_file.exists(), project.log("uwsgi"))
    return process
