"""A private RabbitMQ node, beside any installation that is already there.

It has an own name, data, cookie, plugins file and configuration, and an own Erlang port mapper on
an own port; nothing of it listens anywhere but on the loopback interface.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dev_stack.parts import PartSpec
from dev_stack.ports import HOST, Ports
from dev_stack.probes import amqp_greets
from dev_stack.services import LocalService
from dev_stack.services.packages import obtain

NAME = "rabbitmq"

_DEBIAN = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
_DEBIAN_WRAPPERS = Path("/usr/sbin")
_READY_WITHIN_S = 180.0


@dataclass(frozen=True)
class RabbitMqPrograms:
    """Where the server and Erlang's port mapper lie."""

    server: Path
    port_mapper: Path


def rabbitmq_programs(report: Callable[[str], None]) -> RabbitMqPrograms:
    """Find the programs, or install them. Raises UnavailableError."""
    return obtain("RabbitMQ", "stack", installed_programs, report)


def installed_programs() -> RabbitMqPrograms | None:
    """What ``rabbitmq_programs`` finds without installing anything."""
    server = _server()
    mapper = _port_mapper()
    return RabbitMqPrograms(server, mapper) if server and mapper else None


def _server() -> Path | None:
    on_path = shutil.which("rabbitmq-server")
    # Debian's script in /usr/sbin becomes the user rabbitmq, who may not write into our folder.
    if on_path and Path(on_path).parent != _DEBIAN_WRAPPERS:
        return Path(on_path)
    return _DEBIAN if _DEBIAN.exists() else None


def _port_mapper() -> Path | None:
    on_path = shutil.which("epmd")
    if on_path:
        return Path(on_path)
    return next(iter(sorted(Path("/usr/lib/erlang").glob("erts-*/bin/epmd"), reverse=True)), None)


def private_rabbitmq(
    programs: RabbitMqPrograms, folder: Path, ports: Ports, *, unique: str, password: str
) -> LocalService:
    """A node whose data lie in ``folder``. ``unique`` names it; the user is ``guest``."""
    port, between_nodes, mapper_port = ports.free(), ports.free(), ports.free()
    home = folder / NAME
    for name in ("", "home", "data", "log", "plugins"):
        (home / name).mkdir(mode=0o700)
    _write(home / "rabbitmq.conf", configuration(port, password))
    _write(home / "advanced.config", "[].\n")  # a file that is missing or empty stops the start
    _write(home / "enabled_plugins", "[].\n")
    return LocalService(
        PartSpec(
            name=NAME,
            command=_command(programs, mapper_port),
            cwd=home,
            probe=amqp_greets(port),
            env=environment(home, f"wsmigrate-{unique}@localhost", between_nodes, mapper_port),
            ready_within_s=_READY_WITHIN_S,
            others_need_it=True,
            # An orderly shutdown takes seconds, for data that are thrown away a moment later.
            stop_grace_s=0.0,
        ),
        f"amqp://guest:{password}@{HOST}:{port}/%2F",
    )


def configuration(port: int, password: str) -> str:
    """The node's rabbitmq.conf."""
    return f"""\
listeners.tcp.1 = {HOST}:{port}
default_user = guest
default_pass = {password}
# The broker stops all publishers when the disk has less than this; the default is 50 MB.
disk_free_limit.absolute = 5MB
log.console = true
log.console.level = info
log.file = false
"""


def environment(home: Path, node: str, between_nodes: int, mapper_port: int) -> dict[str, str]:
    """What keeps the node apart from an installation: its own name, files and ports."""
    return {
        "HOME": str(home / "home"),  # Erlang's cookie lies there
        "ERL_EPMD_PORT": str(mapper_port),
        "ERL_EPMD_ADDRESS": HOST,
        "RABBITMQ_NODENAME": node,
        "RABBITMQ_DIST_PORT": str(between_nodes),
        "RABBITMQ_CONF_ENV_FILE": str(home / "none"),  # in place of /etc/rabbitmq/rabbitmq-env.conf
        "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(home / "advanced.config"),
        "RABBITMQ_CONFIG_FILES": str(home / "none"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(home / "data"),
        "RABBITMQ_FEATURE_FLAGS_FILE": str(home / "data" / "feature_flags"),
        "RABBITMQ_PLUGINS_EXPAND_DIR": str(home / "plugins"),
        "RABBITMQ_LOG_BASE": str(home / "log"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_PID_FILE": str(home / "pid"),
        "ERL_CRASH_DUMP": str(home / "log" / "erl_crash.dump"),
        # The start script then becomes the node instead of keeping it as a child.
        "RUNNING_UNDER_SYSTEMD": "true",
        # Two schedulers that do not spin; nodes talk to each other on the loopback interface only.
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
            "+S 2:2 +sbwt none +B i -start_epmd false -kernel inet_dist_use_interface {127,0,0,1}"
        ),
    }


def _command(programs: RabbitMqPrograms, mapper_port: int) -> tuple[str, ...]:
    """The port mapper as a child of the node: a restart of the part brings both up again."""
    mapper = shlex.join([str(programs.port_mapper), "-address", HOST, "-port", str(mapper_port)])
    return ("/bin/sh", "-c", f"{mapper} & exec {shlex.quote(str(programs.server))}")


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
