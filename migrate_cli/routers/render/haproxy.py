"""A complete configuration for HAProxy 2.4 and later."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from migrate_cli.routers.render.options import SERVER_HEADER, RenderOptions, check_places
from wsmigrate.sides import Side
from wsmigrate.weights import Servers, weights_for

BACKEND = "ws"
FALLBACK = "ws_fallback"
CHECKS = "checks"
"""A backend that nobody is sent to: its checks are the servers'."""

CLIENTS = "clients"
"""The table of open sockets: address and port of a client, ``|``, its room in hexadecimal."""

_ROOM = "X-Wsmigrate-Room"


@dataclass(frozen=True)
class HaproxyFiles:
    """Where HAProxy is told things and keeps them. The state file has to exist at the first start:
    its first line is ``1``, the version of the format. Raises ConfigError."""

    runtime_socket: Path = Path("/run/haproxy/admin.sock")
    state_file: Path = Path("/var/lib/haproxy/wsmigrate.state")

    def __post_init__(self) -> None:
        check_places(self.runtime_socket, self.state_file)


FIRST_STATE = "1\n"


def haproxy_configuration(options: RenderOptions, files: HaproxyFiles) -> str:
    """The configuration, ready to be started."""
    return "\n".join(
        [
            _global(options, files),
            _DEFAULTS,
            _frontend(options),
            _clients_table(options),
            _backends(options),
        ]
    )


def _global(options: RenderOptions, files: HaproxyFiles) -> str:
    lines = [
        "# Written by `wsmigrate route render haproxy`. Rooms go to the old or to the new server",
        "# by weight; `wsmigrate route set` changes the weights while this runs.",
        "global",
        "    log stdout format raw local0 notice",
        f"    stats socket {files.runtime_socket} mode 600 level admin expose-fd listeners",
        "    stats timeout 1m",
        "    # The weights that were set last, for a restart and a reload.",
        f"    server-state-file {files.state_file}",
    ]
    if options.user:
        lines.append(f"    user {options.user}")
    if options.max_connections:
        lines.append(f"    maxconn {options.max_connections}")
    if options.tls:
        lines.append("    ssl-default-bind-options ssl-min-ver TLSv1.2")
    return "\n".join([*lines, ""])


_DEFAULTS = """\
defaults
    mode http
    log global
    timeout connect 2s
    timeout http-request 10s
    timeout client 60s
    # For the answer to a handshake: a worker that hangs gives none.
    timeout server 20s
    # An open WebSocket may be silent for as long as its room is; one end that has said goodbye may
    # not keep the other for long.
    timeout tunnel 24h
    timeout client-fin 10s
    timeout server-fin 10s
    retries 2
    option redispatch 1
"""


def _frontend(options: RenderOptions) -> str:
    tls = f" ssl crt {options.tls.certificate} alpn http/1.1" if options.tls else ""
    # What both servers take for the room: the path, percent-decoded, without slashes and query. A
    # percent sign that begins no code stands for itself.
    room = """'path,regsub("%(?![0-9A-Fa-f]{2})",%25,g),url_dec,regsub(/,,g)'"""
    lines = [
        "frontend front",
        *(f"    bind {place}{tls}" for place in options.listen),
        f"    http-request set-var(txn.room) {room}",
        "    # As a digest, because a room may hold line breaks. A client cannot choose it.",
        f"    http-request set-header {_ROOM} %[var(txn.room),sha1,hex]",
        *_forwarded(options),
        "    http-request set-var(txn.port) src_port",
        "    http-request set-var(txn.hex) var(txn.room),hex",
        "    http-request set-var(txn.client) src,concat(:,txn.port),concat(|,txn.hex)",
        "    # Which sockets are open, for `wsmigrate drain`.",
        f"    http-request track-sc0 var(txn.client) table {CLIENTS}",
    ]
    lines += [
        "    # Nobody is left of those with a weight: whoever is up takes its place.",
        f"    use_backend {FALLBACK} if {{ nbsrv({BACKEND}) eq 0 }}",
        f"    default_backend {BACKEND}",
        "",
    ]
    return "\n".join(lines)


def _forwarded(options: RenderOptions) -> list[str]:
    trusted = f" unless {{ src {' '.join(options.trusted)} }}" if options.trusted else ""
    scheme = "https" if options.tls else "http"
    return [
        f"    http-request del-header X-Forwarded-For{trusted}",
        "    option forwardfor",
        f"    http-request set-header X-Forwarded-Proto {scheme}{trusted}",
        f"    http-request set-header X-Forwarded-Host %[req.hdr(host)]{trusted}",
        f"    http-request set-header X-Forwarded-Port %[dst_port]{trusted}",
    ]


def _clients_table(options: RenderOptions) -> str:
    size = max(20_000, options.max_connections or 0)
    return "\n".join(
        [
            f"backend {CLIENTS}",
            f"    stick-table type string len 600 size {size} store conn_cur expire 10s",
            "",
        ]
    )


def _backends(options: RenderOptions) -> str:
    names = Servers(tuple(options.servers(Side.LEGACY)), tuple(options.servers(Side.CHANNELS)))
    weights = weights_for(options.percent, names)
    return "\n".join(
        [
            f"backend {BACKEND}",
            *_hashing(options),
            "    load-server-state-from-file global",
            *_servers(options, weights),
            "",
            f"backend {FALLBACK}",
            *_hashing(options),
            *_servers(options, dict.fromkeys(weights, 1)),
            "",
            f"backend {CHECKS}",
            "    # Of the new server it is asked whether it takes new clients. That does not",
            "    # follow PostgreSQL: a check that did would take the server out in the very",
            "    # moments that it can ride out. Of the old one only the port is looked at: it",
            "    # has no answer to a request.",
            f"    option httpchk GET {options.door_path}",
            "    http-check expect status 200",
            "    default-server inter 1s fastinter 250ms fall 2 rise 1",
            *(
                f"    server {name} {place} check"
                for name, place in options.servers(Side.CHANNELS).items()
            ),
            "",
            f"backend {CHECKS}_legacy",
            "    default-server inter 1s fastinter 250ms fall 2 rise 1",
            *(
                f"    server {name} {place} check"
                for name, place in options.servers(Side.LEGACY).items()
            ),
            "",
        ]
    )


def _hashing(options: RenderOptions) -> list[str]:
    del options
    return [
        f"    balance hdr({_ROOM})",
        "    hash-type consistent sdbm avalanche",
    ]


def _servers(options: RenderOptions, weights: dict[str, int]) -> list[str]:
    lines = []
    for side in Side:
        checks = CHECKS if side is Side.CHANNELS else f"{CHECKS}_legacy"
        for name, place in options.servers(side).items():
            lines.append(f"    server {name} {place} weight {weights[name]} track {checks}/{name}")
        mine = " || ".join(f"{{ srv_name {name} }}" for name in options.servers(side))
        lines.append(f"    http-response set-header {SERVER_HEADER} {side.value} if {mine}")
        if options.cookie:
            # For the page to show which server it got. Cookies do not tell ports apart.
            cookie = f'"wsmigrate_server={side.value}; Path=/; SameSite=Lax"'
            lines.append(f"    acl is_{side.value} srv_name {' '.join(options.servers(side))}")
            lines.append(
                f"    http-response add-header Set-Cookie {cookie} "
                f"if {{ status 101 }} is_{side.value}"
            )
    return lines
