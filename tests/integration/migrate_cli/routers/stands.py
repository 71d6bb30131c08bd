"""Front doors of every kind before the same two servers, to hold them against one contract."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dev_stack.parts import PartSpec
from dev_stack.probes import runtime_socket_answers
from dev_stack.runtime import Runtime
from dev_stack.services.nginx import javascript_module, private_nginx
from migrate_cli.routers.command import CommandDoor, Commands
from migrate_cli.routers.doors import Door, FrontDoor
from migrate_cli.routers.haproxy import ConfigurationFile, HaproxyDoor, Persistence, StateFile
from migrate_cli.routers.haproxy_socket import RuntimeSocket
from migrate_cli.routers.render.haproxy import (
    BACKEND,
    FALLBACK,
    FIRST_STATE,
    HaproxyFiles,
    haproxy_configuration,
)
from migrate_cli.routers.render.options import RenderOptions
from two_servers import Client, NamedServer
from wsmigrate.weights import Servers

HOOKS = Path(__file__).with_name("haproxy_hooks.py")


@dataclass
class Stand:
    """A front door, its clients' ports, and the two servers behind it."""

    kind: str
    runtime: Runtime
    router: FrontDoor
    ports: Sequence[int]
    legacy: NamedServer
    channels: NamedServer
    parts: Sequence[str]
    reload: Callable[[], None] = field(default=lambda: None)

    @property
    def client(self) -> Client:
        return Client(self.ports[0])

    @property
    def clients(self) -> list[Client]:
        return [Client(port) for port in self.ports]

    def kill_and_wait(self) -> None:
        """SIGKILL to every process of the doors; back when they have been started again."""
        for part in self.parts:
            self._kill_and_wait(part)

    def _kill_and_wait(self, part: str) -> None:
        supervisor = self.runtime.supervisor
        killed = supervisor.pids()[part]
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not set(killed) & set(supervisor.pids()[part]))
        supervisor.wait_until_ready(part)


@dataclass(frozen=True)
class Programs:
    haproxy: Path
    nginx: Path


def make_stand(kind: str, runtime: Runtime, programs: Programs) -> Stand:
    legacy = NamedServer("legacy", runtime.ports.free())
    channels = NamedServer("channels", runtime.ports.free())
    legacy.start()
    channels.start()
    makers = {
        "haproxy": _haproxy,
        "haproxy-adopted": _haproxy_adopted,
        "two-haproxies": _two_haproxies,
        "nginx": _nginx,
        "nginx-js": _nginx_js,
        "command": _command,
    }
    return makers[kind](kind, runtime, programs, legacy, channels)


def options_for(
    runtime: Runtime, legacy: NamedServer, channels: NamedServer, **more: object
) -> RenderOptions:
    return RenderOptions(
        listen=(f"127.0.0.1:{runtime.ports.free()}",),
        legacy=(f"127.0.0.1:{legacy.port}",),
        channels=(f"127.0.0.1:{channels.port}",),
        max_connections=2000,
        **more,  # type: ignore[arg-type]
    )


def _haproxy(kind, runtime, programs, legacy, channels) -> Stand:
    door, port = haproxy_door(runtime, programs.haproxy, "one", legacy, channels)
    return Stand(kind, runtime, FrontDoor([door]), [port], legacy, channels, ["one"])


def _two_haproxies(kind, runtime, programs, legacy, channels) -> Stand:
    names = ("one", "two")
    made = [haproxy_door(runtime, programs.haproxy, name, legacy, channels) for name in names]
    doors, ports = zip(*made, strict=True)
    return Stand(kind, runtime, FrontDoor(doors), ports, legacy, channels, names)


def haproxy_door(
    runtime: Runtime, program: Path, name: str, legacy: NamedServer, channels: NamedServer
) -> tuple[HaproxyDoor, int]:
    """A rendered HAProxy in master-worker mode; returns its door and its clients' port."""
    options = options_for(runtime, legacy, channels)
    home = runtime.folder / name
    home.mkdir()
    files = HaproxyFiles(home / "admin.sock", home / "servers.state")
    files.state_file.write_text(FIRST_STATE)
    (home / "haproxy.cfg").write_text(haproxy_configuration(options, files))
    persistence = StateFile(files.state_file, BACKEND)
    return _started(runtime, program, name, options, persistence)


def _haproxy_adopted(kind, runtime, programs, legacy, channels) -> Stand:
    """A configuration as somebody else wrote it: other names, no state file, several servers."""
    options = options_for(runtime, legacy, channels)
    home = runtime.folder / "adopted"
    home.mkdir()
    configuration = home / "haproxy.cfg"
    configuration.write_text(f"""\
global
    stats socket {home}/admin.sock mode 600 level admin
defaults
    mode http
    timeout connect 2s
    timeout client 1m
    timeout server 1m
    timeout tunnel 1h
frontend in
    bind {options.listen[0]}
    http-request set-var(txn.r) path,url_dec,regsub(/,,g)
    default_backend chat
backend other
    server uwsgi 127.0.0.1:9 weight 77
backend chat # the sockets
    balance hash var(txn.r)
    hash-type consistent
    server uwsgi {options.legacy[0]} weight 100 check inter 200ms   # the old one
    server asgi-a {options.channels[0]} check inter 200ms weight 0
    server asgi-b {options.channels[0]} weight 0 check inter 200ms
""")
    door, port = _started(
        runtime,
        programs.haproxy,
        "adopted",
        options,
        ConfigurationFile(configuration, "chat"),
        backend="chat",
        servers=Servers(("uwsgi",), ("asgi-a", "asgi-b")),
        fallback=(),
    )
    return Stand(kind, runtime, FrontDoor([door]), [port], legacy, channels, ["adopted"])


def _started(
    runtime: Runtime,
    program: Path,
    name: str,
    options: RenderOptions,
    persistence: Persistence,
    *,
    backend: str = BACKEND,
    servers: Servers = Servers(("legacy",), ("channels",)),  # noqa: B008 - it is frozen
    fallback: tuple[str, ...] = (FALLBACK,),
) -> tuple[HaproxyDoor, int]:
    home = runtime.folder / name
    port = int(options.listen[0].rpartition(":")[2])
    master = home / "master.sock"
    command = (str(program), "-W", "-db", "-S", str(master), "-f", str(home / "haproxy.cfg"))
    spec = PartSpec(
        name=name,
        command=command,
        cwd=home,
        probe=runtime_socket_answers(home / "admin.sock", port),
        stop_grace_s=2.0,
    )
    runtime.supervisor.start(spec)
    runtime.supervisor.wait_until_ready(name)
    door = HaproxyDoor(
        socket=RuntimeSocket(str(home / "admin.sock")),
        backend=backend,
        servers=servers,
        persistence=persistence,
        fallback=fallback,
        master=RuntimeSocket(str(master)),
    )
    return door, port


def _nginx(kind, runtime, programs, legacy, channels, *, module: Path | None = None) -> Stand:
    options = options_for(runtime, legacy, channels)
    service = private_nginx(
        programs.nginx,
        runtime.folder,
        options,
        status_port=runtime.ports.free(),
        module=module,
        name=kind,
    )
    runtime.supervisor.start(service.spec)
    runtime.supervisor.wait_until_ready(kind)
    port = int(options.listen[0].rpartition(":")[2])
    router = FrontDoor([service.door])
    return Stand(kind, runtime, router, [port], legacy, channels, [kind])


def _nginx_js(kind, runtime, programs, legacy, channels) -> Stand:
    return _nginx(kind, runtime, programs, legacy, channels, module=javascript_module())


def _command(kind, runtime, programs, legacy, channels) -> Stand:
    behind, port = haproxy_door(runtime, programs.haproxy, "behind", legacy, channels)
    place = (behind.socket.address, str(runtime.folder / "behind" / "servers.state"))

    def hook(*words: str) -> tuple[str, ...]:
        return (sys.executable, str(HOOKS), *place, *words)

    commands = Commands(
        get=hook("get"),
        set=hook("set", "{percent}"),
        sessions=hook("sessions"),
        health=hook("health"),
        traffic=hook("traffic", "{side}"),
        close=hook("close", "{side}", "{count}"),
    )
    doors: list[Door] = [CommandDoor("hooks", commands)]
    return Stand(kind, runtime, FrontDoor(doors), [port], legacy, channels, ["behind"])


def wait_until(condition: Callable[[], bool], limit_s: float = 30.0) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
