"""A complete configuration for nginx 1.18 and later, and the include that holds the share."""

from __future__ import annotations

import grp
import pwd
from dataclasses import dataclass
from pathlib import Path

from migrate_cli.routers.render.options import (
    SERVER_HEADER,
    RenderOptions,
    check_address,
    check_places,
)
from wsmigrate.sides import Side

STATUS_PATH = "/wsmigrate/share"
"""Where a worker says which share it applies, on an address of its own."""

_OWN_CONNECTIONS = 64
"""A worker's own: the sockets that it listens on, and the page of its share."""
_SLASHES_A_MAP = 8
_MAPS = 8
_ROOM_SCRIPT = """\
// What both servers take for the room: the path, percent-decoded, without slashes and query.
// Written as hexadecimal digits, for a room may hold any byte.
function room(r) {
    let path = r.variables.request_uri.replace(/^[a-z]+:\\/\\/[^/?]*/i, '').split('?')[0];
    return Buffer.from(path).toString('hex')
        .replace(/(..)/g, '$1 ')
        .replace(/25 (3[0-9]|[46][1-6]) (3[0-9]|[46][1-6]) /g, function (_, high, low) {
            return String.fromCharCode(parseInt(high, 16)).toLowerCase()
                + String.fromCharCode(parseInt(low, 16)).toLowerCase() + ' ';
        })
        .replace(/2f /g, '')
        .replace(/ /g, '');
}
export default { room };
"""


@dataclass(frozen=True)
class NginxFiles:
    """Where nginx and wsmigrate meet. ``status`` is the address, host and port, of the page on
    which a worker says its share; nobody else should reach it.

    With ``room_script`` the room is taken by nginx's JavaScript module, to the letter. Without it,
    by maps, which any nginx has: see ``nginx_configuration``. ``modules`` is where the module lies.
    ``state_folder``: temporary files, for an nginx that is not root's. Raises ConfigError.
    """

    share: Path = Path("/etc/nginx/wsmigrate-share.conf")
    pid: Path = Path("/run/nginx.pid")
    status: str = "127.0.0.1:8089"
    room_script: Path | None = None
    module: Path = Path("modules/ngx_http_js_module.so")
    state_folder: Path | None = None
    idle_s: int = 120

    def __post_init__(self) -> None:
        check_places(self.share, self.pid, self.room_script, self.module, self.state_folder)
        check_address("status", self.status, host_needed=True)


def nginx_configuration(options: RenderOptions, files: NginxFiles) -> str:
    """``nginx.conf``, ready to be started together with ``share_include``.

    Rooms by maps: nginx decodes the path, joins slashes, and *resolves* ``.`` and ``..`` as
    segments, which browsers have done before they send it; the maps take out up to 64 slashes. So
    spellings such as ``/a/./b`` or ``/a%2F..%2Fb``, which no browser makes of a room ``a.b``, may
    go to the other server than ``/a.b``. Both servers serve them. With JavaScript they do not.
    """
    return "\n".join(
        [
            _main(options, files),
            "http {",
            _basics(files),
            _rooms(files),
            f"    include {files.share};",
            _names(options),
            *(_upstream(options, side) for side in Side),
            _door(options, files),
            _status(files),
            "}",
            "",
        ]
    )


def share_include(percent: int) -> str:
    """The include that sends so many percent of the rooms to the new server."""
    split = f"    {percent}% {Side.CHANNELS.value};\n" if 0 < percent < 100 else ""
    rest = Side.CHANNELS if percent == 100 else Side.LEGACY
    return f"""\
# Written by `wsmigrate route set`. It is replaced as a whole, and then nginx is reloaded.
split_clients "$wsmigrate_room" $wsmigrate_side {{
{split}    * {rest.value};
}}
map "" $wsmigrate_percent {{
    default {percent};
}}
"""


def room_script() -> str:
    """What ``NginxFiles.room_script`` has to hold."""
    return _ROOM_SCRIPT


def _main(options: RenderOptions, files: NginxFiles) -> str:
    connections = options.max_connections or 8192
    lines = [
        "# Written by `wsmigrate route render nginx`. Rooms go to the old or to the new server by",
        f"# {files.share}, which `wsmigrate route set` replaces.",
        "worker_processes auto;",
        f"pid {files.pid};",
        "error_log stderr notice;",
    ]
    if options.user:
        lines.append(f"user {_with_group(options.user)};")
    if files.room_script:
        lines.append(f"load_module {files.module};")
    # A WebSocket takes two: one to the client and one to the server.
    taken = 2 * connections + _OWN_CONNECTIONS
    # A service begins with 1024 open files as a rule; each connection is one, and so are logs.
    lines.append(f"worker_rlimit_nofile {taken + _OWN_CONNECTIONS};")
    return "\n".join([*lines, f"events {{ worker_connections {taken}; }}"])


def _with_group(user: str) -> str:
    """nginx takes the group of the user's name, which need not exist. What users there are is known
    of this machine only."""
    try:
        group = grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name
    except KeyError:
        return user
    return user if group == user else f"{user} {group}"


def _place(listen: str) -> str:
    return f"*{listen}" if listen.startswith(":") else listen


def _basics(files: NginxFiles) -> str:
    lines = ["    access_log off;", "    server_tokens off;"]
    if files.state_folder:
        lines += [
            f"    {name}_temp_path {files.state_folder / name};"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        ]
    return "\n".join(lines)


def _rooms(files: NginxFiles) -> str:
    if files.room_script:
        return (
            f"    js_import wsmigrate from {files.room_script};\n"
            "    js_set $wsmigrate_room wsmigrate.room;"
        )
    pattern = "([^/]*)/*" * _SLASHES_A_MAP + "((?s).*)"
    joined = "".join(f"${number}" for number in range(1, _SLASHES_A_MAP + 2))
    lines = [
        "    # What both servers take for the room: the path, percent-decoded, without slashes and",
        f"    # query. Each map takes out {_SLASHES_A_MAP} runs of slashes.",
    ]
    source = "$uri"
    for number in range(1, _MAPS + 1):
        target = "$wsmigrate_room" if number == _MAPS else f"$wsmigrate_room_{number}"
        lines.append(
            f'    map {source} {target} {{ "~^{pattern}$" "{joined}"; default {source}; }}'
        )
        source = target
    return "\n".join(lines)


def _names(options: RenderOptions) -> str:
    trusted = "".join(f" {network} 1;" for network in options.trusted)
    scheme = "https" if options.tls else "http"
    return f"""\
    map $wsmigrate_side $wsmigrate_other {{
        legacy channels;
        default legacy;
    }}
    map $http_upgrade $wsmigrate_connection {{
        "" close;
        default upgrade;
    }}
    # Only proxies that are known may say for whom they ask.
    geo $wsmigrate_trusted {{ default 0;{trusted} }}
    map $wsmigrate_trusted $wsmigrate_for {{
        1 $proxy_add_x_forwarded_for;
        default $remote_addr;
    }}
    map $wsmigrate_trusted$http_x_forwarded_proto $wsmigrate_proto {{
        "~^1(.+)$" $1;
        default {scheme};
    }}
    map $wsmigrate_trusted$http_x_forwarded_host $wsmigrate_host {{
        "~^1(.+)$" $1;
        default $http_host;
    }}"""


def _upstream(options: RenderOptions, side: Side) -> str:
    servers = options.servers(side).values()
    lines = [f"    upstream wsmigrate_{side.value} {{"]
    if len(servers) > 1:
        lines.append("        hash $wsmigrate_room consistent;")
    lines += [f"        server {place} max_fails=2 fail_timeout=2s;" for place in servers]
    return "\n".join([*lines, "    }"])


def _door(options: RenderOptions, files: NginxFiles) -> str:
    tls = " ssl" if options.tls else ""
    lines = ["    server {", *(f"        listen {_place(place)}{tls};" for place in options.listen)]
    if options.tls:
        lines += [
            f"        ssl_certificate {options.tls.certificate};",
            f"        ssl_certificate_key {options.tls.key};",
            "        ssl_protocols TLSv1.2 TLSv1.3;",
        ]
    lines += [
        "        proxy_http_version 1.1;",
        "        proxy_set_header Upgrade $http_upgrade;",
        "        proxy_set_header Connection $wsmigrate_connection;",
        "        proxy_set_header Host $http_host;",
        "        proxy_set_header X-Forwarded-For $wsmigrate_for;",
        "        proxy_set_header X-Forwarded-Proto $wsmigrate_proto;",
        "        proxy_set_header X-Forwarded-Host $wsmigrate_host;",
        "        proxy_set_header X-Forwarded-Port $server_port;",
        "        proxy_buffering off;",
        "        proxy_connect_timeout 2s;",
        "        # For a handshake and for an open WebSocket alike: both servers ping at least",
        "        # every 30 s, so one that says nothing for longer is gone.",
        f"        proxy_read_timeout {files.idle_s}s;",
        f"        proxy_send_timeout {files.idle_s}s;",
        "        client_header_timeout 10s;",
        "        # A server that is down, or about to end (503): the other takes its place, also",
        "        # if its share is 0.",
        "        proxy_intercept_errors on;",
        "        error_page 502 503 504 = @other;",
        *_location("/", "$wsmigrate_side", options),
        *_location("@other", "$wsmigrate_other", options),
        "    }",
    ]
    return "\n".join(lines)


def _location(name: str, side: str, options: RenderOptions) -> list[str]:
    cookie = f'            add_header Set-Cookie "wsmigrate_server={side}; Path=/; SameSite=Lax";'
    return [
        f"        location {name} {{",
        f"            add_header {SERVER_HEADER} {side} always;",
        *([cookie] if options.cookie else []),
        f"            proxy_pass http://wsmigrate_{side};",
        "        }",
    ]


def _status(files: NginxFiles) -> str:
    return f"""\
    server {{
        listen {files.status};
        location = {STATUS_PATH} {{
            default_type application/json;
            return 200 '{{"percent": $wsmigrate_percent, "worker": $pid}}';
        }}
        location / {{ return 404; }}
    }}"""
