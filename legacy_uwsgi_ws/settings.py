"""The settings of the old server, read from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from wsmigrate.config import DEFAULT_AMQP_URL, checked_amqp_url
from wsmigrate.errors import ConfigError

DEFAULT_LISTEN = "127.0.0.1:8081"
_MAX_PONG_GRACE_S = 10


@dataclass(frozen=True)
class Settings:
    """What the environment says, checked. Times are in seconds."""

    amqp_url: str = field(default=DEFAULT_AMQP_URL, repr=False)  # it holds a password
    listen: str = DEFAULT_LISTEN
    keepalive_s: int = 30
    """A ping goes to each client this often."""
    cores: int = 1000
    """Sockets that one worker carries at a time."""
    processes: int = 1
    published_fault: bool = False
    """Behave as the published server does when a client leaves: see `legacy_uwsgi_ws.published`."""

    @property
    def pong_grace_s(self) -> int:
        """How long a client that was sent a ping may stay silent."""
        return min(self.keepalive_s, _MAX_PONG_GRACE_S)


def settings_of_environ(environ: Mapping[str, str]) -> Settings:
    """Read LEGACY_WS_AMQP_URL (else WSMIGRATE_AMQP_URL), LEGACY_WS_LISTEN, LEGACY_WS_KEEPALIVE,
    LEGACY_WS_CORES, LEGACY_WS_PROCESSES and LEGACY_WS_PUBLISHED_FAULT; an empty one counts as not
    set. Raises ConfigError, which names the variable and never shows a password."""
    defaults = Settings()
    url = environ.get("LEGACY_WS_AMQP_URL") or environ.get("WSMIGRATE_AMQP_URL")
    return Settings(
        amqp_url=checked_amqp_url(url or defaults.amqp_url),
        listen=_address("LEGACY_WS_LISTEN", environ.get("LEGACY_WS_LISTEN") or defaults.listen),
        keepalive_s=_number(environ, "LEGACY_WS_KEEPALIVE", defaults.keepalive_s, range(1, 3601)),
        # uWSGI's gevent loop takes no fewer than two.
        cores=_number(environ, "LEGACY_WS_CORES", defaults.cores, range(2, 30001)),
        processes=_number(environ, "LEGACY_WS_PROCESSES", defaults.processes, range(1, 257)),
        published_fault=_flag(environ, "LEGACY_WS_PUBLISHED_FAULT"),
    )


def host_and_port(address: str) -> tuple[str, int]:
    """The parts of ``host:port`` (``[host]:port`` for IPv6). Raises ValueError."""
    host, _, port = address.rpartition(":")
    number = int(port) if port.isascii() and port.isdigit() else 0
    if not 0 < number < 65536 or any(character.isspace() for character in host):
        raise ValueError(address)
    return host.strip("[]"), number


def _address(name: str, value: str) -> str:
    try:
        host_and_port(value)
    except ValueError:
        raise _wrong(name, value, "an address such as 127.0.0.1:8081") from None
    return value


def _number(environ: Mapping[str, str], name: str, default: int, allowed: range) -> int:
    value = environ.get(name) or str(default)
    # int() takes "1_000" and " 7" too, which uWSGI would read in another way.
    if not (value.isascii() and value.isdigit() and int(value) in allowed):
        raise _wrong(name, value, f"a whole number from {allowed[0]} to {allowed[-1]}")
    return int(value)


def _flag(environ: Mapping[str, str], name: str) -> bool:
    value = environ.get(name) or "0"
    if value not in {"0", "1"}:
        raise _wrong(name, value, "0 or 1")
    return value == "1"


def _wrong(name: str, value: str, expected: str) -> ConfigError:
    return ConfigError(f"{name} is {value!r}, and has to be {expected}.")
