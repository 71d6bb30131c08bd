"""What an operator does to a broker: by rabbitmqctl, on the private node of the test run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Protocol

import psutil


class Processes(Protocol):
    """Where a node is to be found."""

    def pid(self, name: str, /) -> int: ...


class BrokerControl:
    """Runs rabbitmqctl with the environment that the node was started with."""

    def __init__(self, services: Processes) -> None:
        self._services = services

    def __call__(self, *words: str) -> str:
        environ = psutil.Process(self._services.pid("rabbitmq")).environ()
        kept = ("HOME", "ERL_", "RABBITMQ_NODENAME", "RABBITMQ_CONF_ENV_FILE", "PATH", "LANG")
        tool = Path("/usr/lib/rabbitmq/bin/rabbitmqctl")
        ended = subprocess.run(
            [str(tool) if tool.exists() else "rabbitmqctl", "-q", *words],
            env={key: value for key, value in environ.items() if key.startswith(kept)}
            # A node that goes meanwhile would have it leave its dump in the current folder, and
            # start a port mapper of its own that nobody ends.
            | {
                "PATH": os.environ["PATH"],
                "ERL_CRASH_DUMP": os.devnull,
                "RABBITMQ_CTL_ERL_ARGS": "-start_epmd false",
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def close_connections_but(self, *keep: str) -> int:
        """Close all AMQP connections, as the management API does; how many there were."""
        lines = self("list_connections", "pid", "user").splitlines()[1:]
        self("close_all_connections", "the operator's wish")
        return len(lines)
