from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from channels_ws.notify.lease import Ticket
from channels_ws.notify.publication import Publication, Stamp
from channels_ws.notify.switch import Pinned, SwitchPublisher
from wsmigrate.config import NotifyBackend
from wsmigrate.errors import UnavailableError

RABBITMQ, BOTH, CHANNELS = NotifyBackend


class Side:
    """A side that takes messages, until it is broken."""

    def __init__(self) -> None:
        self.got: list[tuple[str, Stamp | None]] = []
        self.broken = False

    def publish(
        self,
        publication: Publication,
        stamp: Stamp | None = None,
        within_s: float | None = None,
    ) -> None:
        if self.broken:
            raise UnavailableError("It is broken.")
        self.got.append((publication.id, stamp))


class Tickets:
    """Hands out tickets in turn; ``held`` says for each whether it was good to the end."""

    def __init__(self, *tickets: Ticket, held: list[bool] | None = None) -> None:
        self.counts: Counter[str] = Counter()
        self._tickets = list(tickets)
        self._held = held or []

    def begin(self) -> Ticket:
        return self._tickets.pop(0) if len(self._tickets) > 1 else self._tickets[0]

    def end(self, ticket: Ticket) -> bool:
        return self._held.pop(0) if self._held else True


def sure(backend: NotifyBackend, revision: int = 7) -> Ticket:
    return Ticket(revision, backend, backend, 1.0)


def unsure(last: NotifyBackend | None) -> Ticket:
    return Ticket(7, BOTH, last, 0.0)


@pytest.fixture
def broker() -> Side:
    return Side()


@pytest.fixture
def layer() -> Side:
    return Side()


Publish = Callable[..., Tickets]


@pytest.fixture
def publish(broker: Side, layer: Side) -> Publish:
    def do(*tickets: Ticket, held: list[bool] | None = None) -> Tickets:
        leases = Tickets(*tickets, held=held)
        SwitchPublisher(leases, broker, layer).publish(Publication("room", "text", "id"))
        return leases

    return do


def test_each_backend_has_its_sides(publish: Publish, broker: Side, layer: Side) -> None:
    publish(sure(RABBITMQ))
    assert (broker.got, layer.got) == ([("id", None)], [])
    publish(sure(CHANNELS))
    assert layer.got == [("id", Stamp(7))]
    publish(sure(BOTH))
    assert broker.got[1:] == [("id", None)]
    assert layer.got[1:] == [("id", Stamp(7, is_copy=True))]


def test_in_both_the_layer_is_told_that_rabbitmq_has_not_taken_it(
    publish: Publish, broker: Side, layer: Side
) -> None:
    broker.broken = True
    leases = publish(sure(BOTH))
    assert layer.got == [("id", Stamp(7))]
    assert leases.counts["rabbitmq-failed"] == 1


def test_in_both_a_layer_that_fails_is_counted_and_spared_for_a_while(
    broker: Side, layer: Side
) -> None:
    layer.broken = True
    leases = Tickets(sure(BOTH))
    publisher = SwitchPublisher(leases, broker, layer)
    for _ in range(3):
        publisher.publish(Publication("room", "text", "id"))
    assert len(broker.got) == 3
    assert leases.counts["layer-failed"] == 1


@pytest.mark.parametrize("backend", NotifyBackend)
def test_it_fails_when_no_side_has_the_message(
    publish: Publish, broker: Side, layer: Side, backend: NotifyBackend
) -> None:
    broker.broken = layer.broken = True
    with pytest.raises(UnavailableError):
        publish(sure(backend))


@pytest.mark.parametrize("last", [None, RABBITMQ, BOTH])
def test_without_a_lease_both_get_it_and_rabbitmq_is_enough(
    publish: Publish, broker: Side, layer: Side, last: NotifyBackend | None
) -> None:
    publish(unsure(last))
    assert (len(broker.got), len(layer.got)) == (1, 1)
    layer.broken = True
    publish(unsure(last))
    assert len(broker.got) == 2


def test_without_a_lease_after_channels_the_layer_has_to_have_it(
    publish: Publish, layer: Side
) -> None:
    layer.broken = True
    with pytest.raises(UnavailableError):
        publish(unsure(CHANNELS))


@pytest.mark.parametrize(
    ("before", "now", "sides"),
    [
        (RABBITMQ, RABBITMQ, (1, 0)),
        (RABBITMQ, BOTH, (1, 1)),
        (RABBITMQ, CHANNELS, (1, 1)),
        (CHANNELS, BOTH, (1, 1)),
        (BOTH, CHANNELS, (1, 1)),
    ],
)
def test_when_the_lease_ran_out_meanwhile_it_goes_where_it_belongs_by_now_as_well(
    broker: Side, layer: Side, before: NotifyBackend, now: NotifyBackend, sides: tuple[int, int]
) -> None:
    leases = Tickets(sure(before), sure(now, 8), held=[False])
    SwitchPublisher(leases, broker, layer).publish(Publication("room", "text", "id"))
    assert (len(broker.got), len(layer.got)) == sides
    assert {name for name, _ in broker.got + layer.got} == {"id"}
    assert leases.counts["lease-ran-out"] == 1


def test_a_pinned_backend_never_changes(broker: Side, layer: Side) -> None:
    SwitchPublisher(Pinned(BOTH), broker, layer).publish(Publication("room", "text", "id"))
    assert (len(broker.got), len(layer.got)) == (1, 1)
