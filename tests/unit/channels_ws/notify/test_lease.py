from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from channels_ws.notify import lease as lease_module
from channels_ws.notify.lease import StateLease
from wsmigrate.config import NotifyBackend
from wsmigrate.errors import UnavailableError
from wsmigrate.site_state import SiteState


class Source:
    """The state, as the database would tell it; and what it was told."""

    def __init__(self) -> None:
        self.state = SiteState(1, "legacy", NotifyBackend.RABBITMQ, True, 0, True)
        self.told: list[int | None] = []
        self.away = False
        self.asked = threading.Condition()

    def follow(self, applied: int | None, facts: dict[str, int]) -> SiteState:
        with self.asked:
            self.asked.notify_all()
            if self.away:
                raise UnavailableError("It is away.")
            self.told.append(applied)
            return self.state

    def end(self) -> None:
        """Nothing."""

    def until(self, condition: Callable[[], bool]) -> None:
        with self.asked:
            assert self.asked.wait_for(condition, 20)


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Source:
    made = Source()
    monkeypatch.setattr(lease_module, "StateSource", lambda *_: made)
    return made


@pytest.fixture
def lease(source: Source) -> Iterator[StateLease]:
    made = StateLease(connect=lambda: None)
    yield made
    made.close()


def switched(state: SiteState, backend: NotifyBackend) -> SiteState:
    return SiteState(state.revision + 1, state.stage, backend, True, 0, True)


def test_the_first_message_waits_for_the_state(lease: StateLease) -> None:
    ticket = lease.begin()
    assert (ticket.backend, ticket.revision, ticket.sure) == (NotifyBackend.RABBITMQ, 1, True)
    assert lease.end(ticket)


def test_a_new_revision_is_told_as_applied_once_it_is(lease: StateLease, source: Source) -> None:
    lease.end(lease.begin())
    source.state = switched(source.state, NotifyBackend.BOTH)
    source.until(lambda: source.told[-1] == 2)
    assert source.told[0] is None
    assert lease.begin().backend is NotifyBackend.BOTH


def test_it_is_not_told_while_a_message_is_on_its_way_by_the_old_one(
    lease: StateLease, source: Source
) -> None:
    ticket = lease.begin()
    source.state = switched(source.state, NotifyBackend.BOTH)
    asked = len(source.told)
    source.until(lambda: len(source.told) > asked + 2)
    assert source.told[-1] == 1
    lease.end(ticket)
    source.until(lambda: source.told[-1] == 2)


def test_when_the_state_cannot_be_renewed_it_is_both(source: Source) -> None:
    now = 0.0

    def clock() -> float:
        return now

    lease = StateLease(lambda: None, clock)
    held = lease.begin()
    source.away = True
    now = 100.0
    ticket = lease.begin()
    assert (ticket.backend, ticket.sure, ticket.last) == (
        NotifyBackend.BOTH,
        False,
        NotifyBackend.RABBITMQ,
    )
    assert not lease.end(held), "its lease has run out"
    assert lease.end(ticket), "there was none that could run out"
    assert lease.counts["without-lease"] == 1
    lease.close()


def test_where_the_database_is_away_from_the_start_nothing_is_known(
    lease: StateLease, source: Source
) -> None:
    source.away = True
    ticket = lease.begin()
    assert (ticket.backend, ticket.last, ticket.revision) == (NotifyBackend.BOTH, None, 0)


def test_it_may_be_used_after_it_was_closed(lease: StateLease) -> None:
    lease.end(lease.begin())
    lease.close()
    assert lease.begin().sure
