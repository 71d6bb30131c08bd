"""Where the parts of a running stack are reached."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Endpoints:
    """The addresses of a stack that is ready, its processes and its logs.

    ``public_ws_url`` is where browsers connect: the front door, unless there is an entrance before
    it. ``pids`` holds for each part that the stack runs itself the main process first, then those
    that descend from it. They change when a part is started again.
    """

    amqp_url: str = field(repr=False)  # it holds a password, as the next does
    postgres_dsn: str = field(repr=False)
    http_url: str
    legacy_ws_url: str
    channels_ws_url: str
    channels_admin_url: str
    front_ws_url: str
    public_ws_url: str
    haproxy_socket: str
    pids: Mapping[str, list[int]]
    logs: Mapping[str, str]

    def to_json(self) -> str:
        """The endpoints as one JSON object, with the names of the fields as keys."""
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"
