"""What a case is: data. The runner acts it out on both servers at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Union

from wsmigrate.parity.recording import Provocation


@dataclass(frozen=True)
class Client:
    """A client that is opened on each server. In ``path`` ``{a}``, ``{b}`` … are room names that
    are new for each run; the rest stands on the wire as it is.

    ``tail_of``: joins while messages flow, so it gets the tail of what that other client gets.
    """

    name: str
    path: str = "/{a}"
    headers: tuple[tuple[str, str], ...] = ()
    subprotocols: tuple[str, ...] = ()
    offers_deflate: bool = False
    upgrades: bool = True
    version: str = "13"
    tail_of: str = ""


@dataclass(frozen=True)
class Join:
    """Open these clients, one after the other, and wait for the answers."""

    clients: tuple[str, ...]


@dataclass(frozen=True)
class Publish:
    """Publish to the room of a client. ``may_be_dropped``: a server need not deliver it."""

    to: str
    payloads: tuple[bytes, ...] = field(repr=False)
    may_be_dropped: bool = False


@dataclass(frozen=True)
class PublishMixed:
    """Publish to several rooms in turns."""

    messages: tuple[tuple[str, bytes], ...] = field(repr=False)


@dataclass(frozen=True)
class PublishAtOnce:
    """Several publishers publish to one room at the same time, each in its order."""

    to: str
    publishers: tuple[tuple[bytes, ...], ...] = field(repr=False)


@dataclass(frozen=True)
class PublishDuringJoin:
    """Publish to a room, and open a client while that goes on."""

    to: str
    payloads: tuple[bytes, ...] = field(repr=False)
    joining: str = ""


@dataclass(frozen=True)
class Notify:
    """Have django-notifs of a version call ``notify()`` for the room of a client."""

    to: str
    version: int
    messages: tuple[object, ...] = field(repr=False)


@dataclass(frozen=True)
class Settle:
    """Wait until everything that was published has come."""


@dataclass(frozen=True)
class Listen:
    """Wait for what comes by itself, until nothing has come for a while."""


@dataclass(frozen=True)
class Send:
    """Send bytes to the server. With ``pings`` a ping follows, and is waited for: then the server
    has seen them, or has ended the connection."""

    client: str
    data: bytes = field(repr=False)
    provocation: Provocation = Provocation.NOTHING
    pings: bool = True


@dataclass(frozen=True)
class Ping:
    """Send a ping and wait for its pong."""

    client: str
    payload: bytes


@dataclass(frozen=True)
class Pause:
    """A client stops to read."""

    client: str


@dataclass(frozen=True)
class Resume:
    """A client reads again."""

    client: str


@dataclass(frozen=True)
class Leave:
    """A client closes, with a close frame, and waits for the end; without a frame it is cut."""

    client: str
    code: int | None = 1000
    reason: str = ""
    cut: bool = False


@dataclass(frozen=True)
class EndServers:
    """Both servers are ended or restarted, by the commands that the user gave."""


Step = Union[
    Join,
    Publish,
    PublishMixed,
    PublishAtOnce,
    PublishDuringJoin,
    Notify,
    Settle,
    Listen,
    Send,
    Ping,
    Pause,
    Resume,
    Leave,
    EndServers,
]


@dataclass(frozen=True)
class Case:
    """One thing to try. ``legacy`` and ``channels`` say what is expected of each server where they
    may differ; ``why`` why the case is there.

    ``warms_up``: before the case begins, each joined client has got a message. ``timed``: times of
    arrival are compared; ``slack_s`` is allowed on top. ``alone``: no other case runs beside it,
    for it loads the machine (while a server is late anyway, others of its kind may). ``needs``:
    what the user has to give for it.
    """

    name: str
    title: str
    clients: tuple[Client, ...]
    steps: tuple[Step, ...]
    why: str = ""
    legacy: str = ""
    channels: str = ""
    warms_up: bool = True
    timed: bool = True
    slack_s: float = 0.0
    alone: bool = False
    needs: frozenset[str] = frozenset()
    group: str = ""

    @property
    def has_data(self) -> bool:
        """Whether messages are to come in it. Where not, those that do come by themselves are not
        compared: the clients do not wait for them."""
        return self.publishes or any(isinstance(step, Listen) for step in self.steps)

    @property
    def ends_servers(self) -> bool:
        """Whether the servers are ended in it, which no other case could bear."""
        return any(isinstance(step, EndServers) for step in self.steps)

    @property
    def publishes(self) -> bool:
        """Whether anything is published in it."""
        kinds = (Publish, PublishMixed, PublishAtOnce, PublishDuringJoin, Notify)
        return any(isinstance(step, kinds) for step in self.steps)


def listening(rooms: Sequence[str]) -> Case:
    """A case for servers that send by themselves: clients of these rooms listen for a while."""
    clients = tuple(Client(f"listener-{n}", f"/{room}") for n, room in enumerate(rooms, 1))
    return Case(
        "listen",
        "what comes by itself",
        clients,
        (Join(tuple(client.name for client in clients)), Listen()),
        timed=False,
        alone=True,
        group="listen",
    )


def simple(
    name: str,
    title: str,
    payloads: Sequence[bytes],
    *,
    group: str,
    why: str = "",
    timed: bool = True,
    slack_s: float = 0.0,
    alone: bool = False,
) -> Case:
    """A case in which one client listens, and something is published."""
    return Case(
        name,
        title,
        (Client("listener"),),
        (Join(("listener",)), Publish("listener", tuple(payloads)), Settle()),
        why=why,
        group=group,
        timed=timed,
        slack_s=slack_s,
        alone=alone,
    )
