"""``python -m legacy_uwsgi_ws``: check the settings, then become uWSGI."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from legacy_uwsgi_ws.room_queue import connection_parameters
from legacy_uwsgi_ws.settings import Settings, host_and_port, settings_of_environ
from wsmigrate.errors import UnavailableError, WsmigrateError

_INI = Path(__file__).with_name("uwsgi.ini")


def main() -> NoReturn:
    """Exit code 2 and one sentence for a setting that cannot be, or without uWSGI."""
    try:
        settings = settings_of_environ(os.environ)
        connection_parameters(settings.amqp_url)
        _check_that_it_is_free(settings.listen)
        program = _uwsgi()
    except WsmigrateError as error:
        sys.stderr.write(f"legacy_uwsgi_ws: {error}\n")
        raise SystemExit(int(error.exit_code)) from None
    environ = environ_of_settings(settings, os.environ)
    os.execve(program, [program, "--ini", str(_INI)], environ)  # noqa: S606 - it is its purpose


def environ_of_settings(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment in which uWSGI, which cannot check anything, finds every value."""
    return {
        **environ,
        "LEGACY_WS_AMQP_URL": settings.amqp_url,
        "LEGACY_WS_LISTEN": settings.listen,
        "LEGACY_WS_KEEPALIVE": str(settings.keepalive_s),
        "LEGACY_WS_CORES": str(settings.cores),
        "LEGACY_WS_PROCESSES": str(settings.processes),
        "LEGACY_WS_PUBLISHED_FAULT": str(int(settings.published_fault)),
    }


def _check_that_it_is_free(address: str) -> None:
    host, port = host_and_port(address)
    try:
        with socket.create_server((host, port)):
            return
    except OSError as error:
        raise UnavailableError(
            f"The address {address} cannot be listened on ({_reason(error)}).",
            remedy="Set LEGACY_WS_LISTEN to another one.",
        ) from None


def _reason(error: OSError) -> str:
    # create_server() repeats the address in its text; a resolver's errors have their own numbers.
    number = error.errno or 0
    return os.strerror(number) if number in errno.errorcode else str(error.strerror)


def _uwsgi() -> str:
    beside = Path(sys.executable).with_name("uwsgi")
    program = str(beside) if beside.exists() else shutil.which("uwsgi")
    if program is None:
        raise UnavailableError(
            "There is no uwsgi in this environment.",
            remedy="Install requirements/legacy.txt.",
        )
    return program


if __name__ == "__main__":
    main()
