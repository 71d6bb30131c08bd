"""What a run of the suite is told."""

from __future__ import annotations

import enum
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

from compat_tests.capture.request import Target
from wsmigrate.parity.own_rules import OwnRule


class Side(str, enum.Enum):
    """One of the two servers. The legacy one is the reference."""

    LEGACY = "legacy"
    CHANNELS = "channels"


@dataclass(frozen=True)
class Server:
    """A server, and what every handshake with it carries besides (a token, say)."""

    target: Target
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    tls: ssl.SSLContext | None = None
    end_command: str = ""


@dataclass(frozen=True)
class RunOptions:
    """How to run. ``patience_s``: how long a message is waited for while nothing comes.
    ``late_after_s``: how much longer than on the other server a message may take.
    ``generated``: examples that Hypothesis makes up. ``notifs``: commands that are a Python with
    Django and that version of django-notifs."""

    servers: Mapping[Side, Server]
    patience_s: float = 5.0
    late_after_s: float = 0.6
    side_by_side: int = 4
    generated: int = 20
    seed: int = 0
    own_rules: tuple[OwnRule, ...] = ()
    notifs: Mapping[int, str] = field(default_factory=dict)
    amqp_url: str = field(default="", repr=False)

    @property
    def given(self) -> frozenset[str]:
        """What cases may need and have."""
        has = {f"notifs-{version}" for version, command in self.notifs.items() if command}
        if all(server.end_command for server in self.servers.values()):
            has.add("end")
        return frozenset(has)
