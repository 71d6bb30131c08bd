"""The stage ``door``: how a front door takes over the port that browsers connect to today."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from wsmigrate.errors import ConfigError


class Way(str, enum.Enum):
    """How the port changes hands."""

    REDIRECT = "redirect"
    """The kernel hands new connections to the door; those that are open stay. Nothing restarts."""

    REBIND = "rebind"
    """The old server moves to another port, which ends its open sockets once."""

    UPSTREAM = "upstream"
    """Something in front (a load balancer, DNS) is pointed at the door."""


@dataclass(frozen=True)
class Step:
    """One thing to do: what for, the commands, how to see that it is done, how to take it back."""

    title: str
    commands: tuple[str, ...] = ()
    check: str = ""
    undo: tuple[str, ...] = ()


@dataclass(frozen=True)
class Takeover:
    """``port`` is what browsers connect to, ``door_port`` where the front door listens at first (or
    for good), ``legacy_port`` where the old server listens afterwards. ``kind`` is haproxy or
    nginx. Raises ConfigError."""

    way: Way
    kind: str
    port: int
    door_port: int
    legacy_port: int
    url: str

    def __post_init__(self) -> None:
        if self.way is Way.REDIRECT and self.door_port == self.port:
            raise ConfigError(
                f"The old server listens on port {self.port}, so the front door cannot as well.",
                remedy="Choose another --door-port: the kernel leads new clients there.",
            )
        if self.way is Way.REBIND and self.legacy_port == self.port:
            raise ConfigError(
                f"The front door takes port {self.port}, so the old server has to leave it.",
                remedy="Choose another --legacy-port.",
            )

    def steps(self) -> tuple[Step, ...]:
        """In order. Up to the step that moves the port no client notices anything."""
        move = {
            Way.REDIRECT: self._redirect,
            Way.REBIND: self._rebind,
            Way.UPSTREAM: self._upstream,
        }[self.way]()
        return (self._write(), self._start(), self._try(), *move, self._see())

    def _write(self) -> Step:
        listen = self.port if self.way is Way.REBIND else self.door_port
        legacy = self.legacy_port if self.way is Way.REBIND else self.port
        return Step(
            "Write the front door's configuration: all rooms to the old server",
            (
                f"wsmigrate route render {self.kind} --listen 0.0.0.0:{listen}"
                f" --legacy 127.0.0.1:{legacy} --channels 127.0.0.1:8000 --output FOLDER",
            ),
            check={
                "haproxy": "haproxy -c -f FOLDER/haproxy.cfg",
                "nginx": "nginx -t -c FOLDER/nginx.conf",
            }[self.kind],
        )

    def _start(self) -> Step:
        if self.way is Way.REBIND:
            return Step("Have the front door ready to start: its port is still the old server's")
        return Step(
            f"Start the front door on port {self.door_port}",
            (f"systemctl start {self.kind}",),
            check=f"wsmigrate route show --url ws://127.0.0.1:{self.door_port}",
            undo=(f"systemctl stop {self.kind}",),
        )

    def _try(self) -> Step:
        if self.way is Way.REBIND:
            return Step(
                "Choose the moment: every open socket is closed once, and clients come back within "
                "the seconds that the two restarts take"
            )
        return Step(
            "See that a client that comes by the front door gets its messages",
            check=f"open the chat page against port {self.door_port}, or: "
            f"wsmigrate route door --check --url ws://127.0.0.1:{self.door_port}",
        )

    def _redirect(self) -> tuple[Step, ...]:
        rule = f"PREROUTING -p tcp --dport {self.port} -j REDIRECT --to-ports {self.door_port}"
        return (
            Step(
                f"Lead new connections to port {self.port} to the front door; open ones stay "
                "with the old server",
                (f"iptables -t nat -A {rule}", f"ip6tables -t nat -A {rule}"),
                check="iptables -t nat -S PREROUTING",
                undo=(
                    f"iptables -t nat -D {rule}",
                    f"ip6tables -t nat -D {rule}",
                    "(sockets that came by the front door stay there until they end)",
                ),
            ),
            Step("Keep the rule over a reboot", ("netfilter-persistent save",)),
        )

    def _rebind(self) -> tuple[Step, ...]:
        return (
            Step(
                f"Move the old server to port {self.legacy_port}, on the loopback interface",
                (
                    f"set http-socket = 127.0.0.1:{self.legacy_port} in its uWSGI settings",
                    "systemctl restart UWSGI_UNIT",
                ),
                check=f"ss -ltn 'sport = :{self.legacy_port}'",
                undo=(f"set http-socket back to port {self.port}", "systemctl restart UWSGI_UNIT"),
            ),
            Step(
                f"Start the front door on port {self.port}",
                (f"systemctl start {self.kind}",),
                check=f"ss -ltn 'sport = :{self.port}'",
                undo=(f"systemctl stop {self.kind}",),
            ),
        )

    def _upstream(self) -> tuple[Step, ...]:
        return (
            Step(
                f"Point what stands in front at port {self.door_port} of this machine, for new "
                "connections",
                ("(a target group, an upstream block, a DNS record with a short TTL)",),
                undo=(f"point it back at port {self.port}",),
            ),
            Step(
                "Let the front door believe its X-Forwarded-For",
                ("render the configuration anew with --trusted and its network, and reload",),
            ),
        )

    def _see(self) -> Step:
        return Step(
            "See that browsers come by the front door now",
            check=f"wsmigrate route door --check --url {self.url}",
        )
