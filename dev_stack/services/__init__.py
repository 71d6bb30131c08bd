"""Services as private instances: free ports, loopback, a folder of ours.

RabbitMQ, PostgreSQL and HAProxy make the local stack; Redis and PgBouncer are for comparison.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dev_stack.parts import PartSpec


@dataclass(frozen=True)
class LocalService:
    """A service that can be started: the part to run, and the URL by which it is reached then."""

    spec: PartSpec
    url: str = field(repr=False)  # it holds a password
