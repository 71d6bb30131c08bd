"""Whether the front door hands on who the client is, and from which page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Optional

from wsmigrate.doctor.findings import Finding, Level

FORWARDED = "forwarded headers"
ORIGIN = "origin"

FORGED = "203.0.113.77"
"""An address that is nobody's (RFC 5737), which a client claims to be."""


@dataclass(frozen=True)
class SeenClient:
    """Whom the new server took a client for that came by the front door, claiming to be ``FORGED``.
    ``ours`` is the address that the client really has towards the door, ``door`` the door's own."""

    taken_for: str
    ours: str
    door: str


def of_client(seen: SeenClient) -> Finding:
    """The finding for the address."""
    if seen.taken_for == FORGED:
        return Finding(
            FORWARDED,
            Level.MEND,
            "A client can choose the address that it is taken for: the front door passes on what "
            "clients write into X-Forwarded-For.",
            "Have it remove the header of clients (`wsmigrate route render` shows how), or take "
            "addresses of clients out of TRUSTED_PROXIES.",
        )
    if seen.taken_for == seen.ours:
        return Finding(FORWARDED, Level.GOOD, "The new server knows the address of a client.")
    if seen.taken_for == seen.door:
        return Finding(
            FORWARDED,
            Level.MEND,
            f"The new server takes every client for the front door, {seen.door}: limits by address "
            "would count them together.",
            "Add that address to WSMIGRATE['TRUSTED_PROXIES'], and have the front door set "
            "X-Forwarded-For.",
        )
    return Finding(
        FORWARDED,
        Level.ADVICE,
        f"The new server takes us for {seen.taken_for}, and we are {seen.ours} at this machine.",
        "That is right if something translates addresses in between.",
    )


@dataclass(frozen=True)
class OriginAnswers:
    """The HTTP status of a handshake by the front door from a page that may not, and from one that
    may; None where it was not tried."""

    foreign: Optional[int]  # noqa: UP045 - for Python 3.9
    allowed: Optional[int]  # noqa: UP045


def of_origins(answers: OriginAnswers) -> Iterator[Finding]:
    """The findings for the header Origin, of a site that allows some origins only."""
    if answers.foreign == 101:
        yield Finding(
            ORIGIN,
            Level.MEND,
            "A page of another site was let in by way of the front door, although ALLOWED_ORIGINS "
            "does not name it.",
            "Have the front door pass the header Origin on as it is.",
        )
    if answers.allowed == 101:
        yield Finding(ORIGIN, Level.GOOD, "A page of the site is let in by way of the front door.")
    elif answers.allowed == 403:
        yield Finding(
            ORIGIN,
            Level.UNKNOWN,
            "A client with an allowed Origin is refused with 403: for its Origin, if the front "
            "door changes it, or because it has no login.",
            "Set the environment's WSMIGRATE_GATES_HEADERS to a login, or AUTHORIZE_MODE to "
            "'report-only' meanwhile; look at what the front door does with Origin.",
        )
    elif answers.allowed is not None:
        what = f"A client with an allowed Origin is answered {answers.allowed}."
        yield Finding(ORIGIN, Level.MEND, what, "See the log of the new server.")
