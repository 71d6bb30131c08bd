"""A load balancer before everything: what browsers connect to before there is a front door.

The way ``upstream`` of `wsmigrate route door`: it passes connections on as they are, to the old
server at first, and to the front door once it is pointed there. Open connections stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dev_stack.files import write_atomically
from dev_stack.parts import PartSpec
from dev_stack.ports import HOST
from dev_stack.probes import runtime_socket_answers
from dev_stack.site import SitePorts
from migrate_cli.routers.haproxy_socket import RuntimeSocket

NAME: Final = "entrance"
LEGACY: Final = "legacy"
DOOR: Final = "door"

_BACKEND = "upstream"
_CONFIGURATION = """\
global
    stats socket {socket} mode 600 level admin
defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
frontend entrance
    bind {host}:{port}
    default_backend {backend}
backend {backend}
    server legacy {host}:{legacy} weight {legacy_weight}
    server door {host}:{door} weight {door_weight}
"""


@dataclass(frozen=True)
class Entrance:
    """The load balancer that runs. What it is pointed at outlives a restart of it."""

    home: Path
    ports: SitePorts

    @property
    def socket(self) -> Path:
        """HAProxy's runtime socket."""
        return self.home / "runtime.sock"

    @property
    def configuration(self) -> Path:
        """Its configuration file."""
        return self.home / "entrance.cfg"

    def point_to(self, where: str) -> None:
        """Send new connections to LEGACY or to DOOR from now on. Raises UnavailableError."""
        self.write(where)
        other = LEGACY if where == DOOR else DOOR
        # The new way is opened before the old one is closed: nobody is turned away.
        RuntimeSocket(str(self.socket)).tell(
            f"set server {_BACKEND}/{where} weight 1", f"set server {_BACKEND}/{other} weight 0"
        )

    def write(self, where: str) -> None:
        """Write the configuration that the next start goes by."""
        text = _CONFIGURATION.format(
            socket=self.socket,
            host=HOST,
            port=self.ports.entrance,
            backend=_BACKEND,
            legacy=self.ports.legacy,
            door=self.ports.front,
            legacy_weight=int(where == LEGACY),
            door_weight=int(where == DOOR),
        )
        write_atomically(self.configuration, text)


def private_entrance(program: Path, folder: Path, ports: SitePorts) -> tuple[PartSpec, Entrance]:
    """The part to run, and the entrance that it makes."""
    home = folder / NAME
    home.mkdir(mode=0o700)
    entrance = Entrance(home, ports)
    entrance.write(LEGACY)
    spec = PartSpec(
        name=NAME,
        command=(str(program), "-db", "-f", str(entrance.configuration)),
        cwd=home,
        probe=runtime_socket_answers(entrance.socket, ports.entrance),
        stop_grace_s=2.0,
    )
    return spec, entrance
