"""nginx as the front door for WebSockets, as HAProxy is (``haproxy.py``)."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from dev_stack.parts import PartSpec
from dev_stack.ports import HOST
from dev_stack.probes import http_answers
from dev_stack.services.packages import obtain
from migrate_cli.routers.nginx import NginxDoor
from migrate_cli.routers.render.nginx import (
    STATUS_PATH,
    NginxFiles,
    nginx_configuration,
    room_script,
    share_include,
)
from migrate_cli.routers.render.options import RenderOptions

NAME = "nginx"

_DEBIAN = Path("/usr/sbin/nginx")
_MODULES = (Path("/usr/lib/nginx/modules"), Path("/usr/lib64/nginx/modules"))


@dataclass(frozen=True)
class NginxService:
    """The part to run, and the front door that it makes."""

    spec: PartSpec
    door: NginxDoor


def nginx_program(report: Callable[[str], None]) -> Path:
    """Find the program, or install it. Raises UnavailableError."""
    return obtain("nginx", "nginx", installed_program, report)


def installed_program() -> Path | None:
    """What ``nginx_program`` finds without installing anything."""
    on_path = shutil.which("nginx")
    if on_path:
        return Path(on_path)
    return _DEBIAN if _DEBIAN.exists() else None


def javascript_module() -> Path | None:
    """nginx's JavaScript module, if it is there."""
    places = (folder / "ngx_http_js_module.so" for folder in _MODULES)
    return next((place for place in places if place.exists()), None)


def private_nginx(
    program: Path,
    folder: Path,
    options: RenderOptions,
    *,
    status_port: int,
    module: Path | None = None,
    name: str = NAME,
) -> NginxService:
    """A front door in ``folder``. With ``module`` the rooms are taken by JavaScript."""
    home = folder / name
    home.mkdir(mode=0o711)  # its workers are another user's
    files = NginxFiles(
        share=home / "share.conf",
        pid=home / "nginx.pid",
        status=f"{HOST}:{status_port}",
        state_folder=home,
    )
    if module:
        files = replace(files, room_script=home / "room.js", module=module)
        (home / "room.js").write_text(room_script(), encoding="utf-8")
    settings = home / "nginx.conf"
    files.share.write_text(share_include(options.percent), encoding="utf-8")
    settings.write_text(nginx_configuration(options, files), encoding="utf-8")
    command = (str(program), "-e", "stderr", "-p", str(home), "-c", str(settings))
    spec = PartSpec(
        name=name,
        command=(*command, "-g", "daemon off;"),
        cwd=home,
        probe=http_answers(status_port, STATUS_PATH, healthy=True),
        stop_grace_s=2.0,  # SIGQUIT would wait for the open WebSockets to end
    )
    door = NginxDoor(
        share=files.share,
        status=files.status,
        legacy=options.legacy,
        channels=options.channels,
        pid_file=files.pid,
        check=(*command, "-t"),
    )
    return NginxService(spec, door)
