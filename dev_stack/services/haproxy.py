"""HAProxy as the front door for WebSockets: rooms go to the old or to the new server by weight."""

from __future__ import annotations

import resource
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dev_stack.frontdoor import CHANNELS, LEGACY, FrontDoor
from dev_stack.parts import PartSpec
from dev_stack.ports import HOST
from dev_stack.probes import runtime_socket_answers
from dev_stack.services.packages import obtain

NAME = "haproxy"
DOOR_PATH = "/wsmigrate/door"
"""What is asked of the new server to see whether it takes new clients."""

CHECKS = "checks"
"""A backend that nobody is sent to: its checks are the new server's."""

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
    front_door = FrontDoor(home / "runtime.sock", state_file=home / "servers.state")
    (home / "servers.state").write_text("1\n", encoding="ascii")  # the version, and no server yet
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
    """HAProxy's configuration file, for version 2.4 and later.

    The hash is taken of the room as both servers understand it: the path, percent-decoded, without
    slashes and query. ``balance hash`` with an expression came with 2.6, so the room travels in a
    header; as a digest, because a decoded room may hold line breaks. The digest also goes to the
    servers, which do not care.

    A server with weight 0 gets nobody, even when the other one is down: nobody is to be on a server
    before the operator says so. With both weights above 0, each stands in for the other.
    """
    return f"""\
global
    log stdout format raw local0 notice
    stats socket {home / "runtime.sock"} mode 600 level admin
    server-state-file {home / "servers.state"}
    nbthread 1
    maxconn {_most_connections()}

defaults
    mode http
    log global
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    # An open WebSocket may be silent for as long as its room is; one end that has said goodbye may
    # not keep the other for long.
    timeout tunnel 24h
    timeout client-fin 10s
    timeout server-fin 10s
    retries 3
    option redispatch

frontend front
    bind {HOST}:{ports.front}
    http-request set-header X-Wsmigrate-Room %[path,regsub(/,,g),sha1,hex]
    # Decoding fails where a percent sign stands for itself; the line above holds then.
    http-request set-header X-Wsmigrate-Room %[path,url_dec,regsub(/,,g),sha1,hex] \
if {{ path,url_dec -m found }}
    # For the page to show which server it got. Cookies do not tell ports apart.
    http-response add-header Set-Cookie "wsmigrate_server=%s; Path=/; SameSite=Lax" \
if {{ status 101 }}
    default_backend {FrontDoor.BACKEND}

backend {FrontDoor.BACKEND}
    balance hdr(X-Wsmigrate-Room)
    hash-type consistent sdbm avalanche
    load-server-state-from-file global
    # Of the old server only the port is looked at: it has no answer to a request.
    server {LEGACY} {HOST}:{ports.legacy} weight 100 check inter 1s fall 2 rise 1
    server {CHANNELS} {HOST}:{ports.channels} weight 0 track {CHECKS}/{CHANNELS}

backend {CHECKS}
    # Says no once the new server is about to end. It does not follow PostgreSQL: a check that did
    # would take the server out, and answer 503 to everybody, in the very moments that it can ride
    # out.
    option httpchk GET {DOOR_PATH}
    http-check expect status 200
    server {CHANNELS} {HOST}:{ports.channels} check inter 1s fall 2 rise 1
"""


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
