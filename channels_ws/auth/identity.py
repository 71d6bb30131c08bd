"""Who opens a socket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.apps import apps

from channels_ws.auth.reasons import Reason

_IN_SCOPE = "wsmigrate.identity"


@dataclass(frozen=True)
class Identity:
    """The user, how they showed it (``token``, ``session``, or empty for nobody), and until when
    that holds, in seconds since the epoch (None: it does not end by itself).

    ``problem`` is why no policy that asks would have this client, whatever the user: it claimed to
    be somebody and could not show it, or would have been refused but for ``report-only``.
    """

    user: Any
    shown_by: str = ""
    expires_at: float | None = None
    problem: Reason | None = None

    def has_expired(self, now: float) -> bool:
        """Whether what showed it holds no longer; ``now`` in seconds since the epoch."""
        return self.expires_at is not None and self.expires_at <= now

    @property
    def is_authenticated(self) -> bool:
        return bool(getattr(self.user, "is_authenticated", False))

    @property
    def label(self) -> str:
        """For the log: the primary key of the user, never a name or a token."""
        if not self.is_authenticated:
            return "nobody"
        return f"user {getattr(self.user, 'pk', '?')} by {self.shown_by}"

    def put_into(self, scope: dict[str, Any]) -> dict[str, Any]:
        """A copy of the scope that holds the identity, and the user as Channels has it."""
        return {**scope, "user": self.user, _IN_SCOPE: self}


def nobody(problem: Reason | None = None) -> Identity:
    """The identity of a client who has not shown one."""
    return Identity(_anonymous_user(), problem=problem)


def session_identity(user: Any) -> Identity:
    """The identity of who is signed in by a session."""
    identity = Identity(user)
    return replace(identity, shown_by="session") if identity.is_authenticated else nobody()


def identity_in(scope: Mapping[str, Any]) -> Identity | None:
    """What a middleware of ours has found out already."""
    found = scope.get(_IN_SCOPE)
    return found if isinstance(found, Identity) else None


def identity_at_hand(scope: Mapping[str, Any]) -> Identity:
    """What any middleware has found out, without looking anybody up."""
    known = identity_in(scope)
    if known is not None:
        return known
    user = scope.get("user")
    return nobody() if user is None else session_identity(user)


def _anonymous_user() -> Any:
    """None in a project without ``django.contrib.auth``, whose models cannot even be imported."""
    if not apps.is_installed("django.contrib.auth"):
        return None
    from django.contrib.auth.models import AnonymousUser  # noqa: PLC0415

    return AnonymousUser()
