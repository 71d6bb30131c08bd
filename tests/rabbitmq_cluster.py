"""A cluster of private RabbitMQ nodes on the loopback interface."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, replace
from pathlib import Path

from broker_control import BrokerControl
from dev_stack.parts import PartSpec
from dev_stack.ports import HOST
from dev_stack.runtime import Runtime
from dev_stack.services import LocalService
from dev_stack.services.rabbitmq import installed_programs, private_rabbitmq
from dev_stack.supervisor import Supervisor
from private_services import unavailable
from project import listens

_MAPPER = "epmd"
_COOKIE = "wsmigrate-test-cluster"


@dataclass(frozen=True)
class Node:
    """A node; ``part`` is its name in the supervisor."""

    part: str
    name: str
    url: str


@dataclass(frozen=True)
class _Process:
    """The process of one node."""

    supervisor: Supervisor
    part: str

    def pid(self, _name: str, /) -> int:
        return self.supervisor.pids()[self.part][0]


class RabbitMqCluster:
    """Nodes that know each other. One that is killed is started again, and rejoins."""

    def __init__(self, runtime: Runtime, size: int) -> None:
        programs = installed_programs()
        if programs is None:
            unavailable("RabbitMQ")
        self._runtime = runtime
        port = runtime.ports.free()
        mapper = (str(programs.port_mapper), "-address", HOST, "-port", str(port))
        runtime.supervisor.start(
            PartSpec(_MAPPER, mapper, runtime.folder, lambda: listens(port), others_need_it=True)
        )
        names = [f"wsmigrate-{runtime.mark.stack}-{number}@localhost" for number in range(size)]
        self.nodes: list[Node] = []
        for number, name in enumerate(names):
            folder = runtime.folder / f"node-{number}"
            folder.mkdir(mode=0o700)
            service = private_rabbitmq(
                programs, folder, runtime.ports, unique=name.partition("-")[2].partition("@")[0],
                password="guest",
            )  # fmt: skip
            spec = _joined(service, f"node-{number}", str(programs.server), port, names)
            runtime.supervisor.start(spec)
            runtime.supervisor.wait_until_ready(spec.name)  # the others join the first
            self.nodes.append(Node(spec.name, name, service.url))

    def control(self, node: Node) -> BrokerControl:
        """Runs rabbitmqctl on a node."""
        return BrokerControl(self._process(node))

    def wait_until_whole(self) -> None:
        """Until those that were killed are back."""
        self._runtime.supervisor.wait_until_ready(*(node.part for node in self.nodes))

    def kill(self, node: Node) -> None:
        """As a power cut does."""
        os.kill(self._process(node).pid(""), signal.SIGKILL)

    def _process(self, node: Node) -> _Process:
        return _Process(self._runtime.supervisor, node.part)

    def leader_of(self, queue: str, asked: Node) -> Node:
        """The node where the leader of a stream or quorum queue is, as ``asked`` says."""
        listed = self.control(asked)("list_queues", "--no-table-headers", "name", "leader")
        leaders = dict(line.split("\t") for line in listed.splitlines())
        return next(node for node in self.nodes if node.name == leaders[queue])


def _joined(
    service: LocalService, part: str, server: str, mapper_port: int, names: list[str]
) -> PartSpec:
    """A node's part, with one port mapper and one cookie for all."""
    home: Path = service.spec.cwd
    configuration = home / "rabbitmq.conf"
    lines = ["cluster_formation.peer_discovery_backend = classic_config"]
    lines += [
        f"cluster_formation.classic_config.nodes.{n} = {name}" for n, name in enumerate(names, 1)
    ]
    configuration.write_text(configuration.read_text() + "\n".join(lines) + "\n")
    cookie = home / "home" / ".erlang.cookie"
    cookie.write_text(_COOKIE)
    cookie.chmod(0o400)
    environment = {**service.spec.env, "ERL_EPMD_PORT": str(mapper_port)}
    return replace(service.spec, name=part, command=(server,), env=environment)
