"""HAProxy as the front door for WebSockets: rooms go to the old or to the new server by weight."""

from __future__ import annotations

import resource
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dev_stack.frontdoor import FrontDoor
from dev_stack.parts import PartSpec
from dev_stack.ports import HOST
from dev_stack.probes import runtime_socket_answers
from dev_stack.services.packages import obtain
from migrate_cli.routers.render.haproxy import FIRST_STATE, HaproxyFiles, haproxy_configuration
from migrate_cli.routers.render.options import RenderOptions

NAME = "haproxy"
_SOCKET = "runtime.sock"
_STATE = "servers.state"
_DEBIAN = Path("/usr/sbin/haproxy")
_MOST_CONNECTIONS = 20_000
_SPARE_FILES = 100


@dataclass(frozen=True)
class FrontDoorPorts:
    """Where HAProxy listens, and where the two servers do, all on the loopback interface."""

    front: int
    legacy: int
    channels: int


@dataclass(frozen=True)
class HaproxyService:
    """The part to run, and the front door that it makes."""

    spec: PartSpec
    front_door: FrontDoor


def haproxy_program(report: Callable[[str], None]) -> Path:
    """Find the program, or install it. Raises UnavailableError."""
    return obtain("HAProxy", "stack", installed_program, report)


def private_haproxy(program: Path, folder: Path, ports: FrontDoorPorts) -> HaproxyService:
    """A front door in ``folder``; everything goes to the old server at first.

    A restarted HAProxy continues with the weights that were saved last.
    """
    home = folder / NAME
    home.mkdir(mode=0o700)
    front_door = FrontDoor(home / _SOCKET, state_file=home / _STATE)
    (home / _STATE).write_text(FIRST_STATE, encoding="ascii")
    (home / "haproxy.cfg").write_text(configuration(ports, home), encoding="utf-8")
    spec = PartSpec(
        name=NAME,
        command=(str(program), "-db", "-f", str(home / "haproxy.cfg")),
        cwd=home,
        probe=runtime_socket_answers(front_door.socket_path, ports.front),
        # SIGUSR1 would wait for the open WebSockets to end.
        stop_grace_s=2.0,
    )
    return HaproxyService(spec, front_door)


def configuration(ports: FrontDoorPorts, home: Path) -> str:
    """HAProxy's configuration file, as `wsmigrate route render` writes it."""
    options = RenderOptions(
        listen=(f"{HOST}:{ports.front}",),
        legacy=(f"{HOST}:{ports.legacy}",),
        channels=(f"{HOST}:{ports.channels}",),
        max_connections=_most_connections(),
        cookie=True,
    )
    return haproxy_configuration(options, HaproxyFiles(home / _SOCKET, home / _STATE))


def installed_program() -> Path | None:
    """What ``haproxy_program`` finds without installing anything."""
    on_path = shutil.which("haproxy")
    if on_path:
        return Path(on_path)
    return _DEBIAN if _DEBIAN.exists() else None


def _most_connections() -> int:
    """Each one takes two files: HAProxy refuses to start with more than the limit allows."""
    _, limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return _MOST_CONNECTIONS
    return max(100, min(_MOST_CONNECTIONS, (limit - _SPARE_FILES) // 2))
