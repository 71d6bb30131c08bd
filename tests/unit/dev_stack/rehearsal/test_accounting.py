"""The account: what is lost, what falls into gaps, and what is somebody's fault."""

from collections.abc import Sequence

import pytest

from dev_stack.rehearsal.accounting import Account, Outage, account_of
from dev_stack.rehearsal.lines import Key
from dev_stack.rehearsal.records import FAILED, TAKEN, ClientRecord, Frame, Message, Session


def message(number: int, at: float, fate: str = TAKEN, publisher: str = "pub0") -> Message:
    return Message(Key(publisher, 0, number), at, at + 0.01, fate)


def frame(number: int, at: float, digest: str = "d", as_said: bool = True) -> Frame:
    return Frame(at, Key("pub0", 0, number), as_said, digest)


def account(
    messages: Sequence[Message],
    *clients: Sequence[Session],
    begins: Sequence[float] = (0.0,),
    outages: Sequence[Outage] = (),
) -> Account:
    records = [ClientRecord(number, 0, list(one)) for number, one in enumerate(clients)]
    return account_of(messages, records, begins, outages)


def counts(found: Account, place: int = 0) -> dict[str, int]:
    return {kind: count for kind, count in found.ledgers[place].counts.items() if count}


MESSAGES = [message(number, 10.0 + number) for number in range(4)]


def test_a_client_that_gets_everything_in_order_has_nothing_amiss():
    session = Session(0.0, "legacy", frames=[frame(number, 10.2 + number) for number in range(4)])
    found = account(MESSAGES, [session])
    assert counts(found) == {"published": 4, "received": 4}
    assert found.identical == 4
    assert found.ledgers[0].latencies["legacy"] == pytest.approx([0.2] * 4)


def test_a_message_that_never_came_to_a_connected_client_is_lost():
    session = Session(0.0, "channels", frames=[frame(0, 10.2), frame(2, 12.2), frame(3, 13.2)])
    found = account(MESSAGES, [session])
    assert counts(found) == {"published": 4, "received": 3, "lost": 1}
    assert found.ledgers[0].faults_of["channels"] == {"lost": 1}
    assert "lost: Key(publisher='pub0', room=0, number=1)" in found.worst[0]


def test_the_last_message_of_a_client_that_stays_is_lost_too_if_it_does_not_come():
    session = Session(0.0, "legacy", frames=[frame(number, 10.2 + number) for number in range(3)])
    assert counts(account(MESSAGES, [session]))["lost"] == 1


def test_a_frame_that_comes_twice_is_doubled_also_over_the_next_socket():
    once_more = Session(
        0.0, "legacy", frames=[*(frame(n, 10.2 + n) for n in range(4)), frame(3, 14.0)]
    )
    assert counts(account(MESSAGES, [once_more]))["duplicated"] == 1
    first = Session(0.0, "legacy", 14.0, frames=[frame(n, 10.2 + n) for n in range(4)])
    second = Session(15.0, "channels", frames=[frame(3, 15.5)])
    assert counts(account(MESSAGES, [first, second]))["duplicated"] == 1


def test_frames_of_one_publisher_that_change_places_are_out_of_order():
    session = Session(0.0, "legacy", frames=[frame(n, 14.0) for n in (0, 2, 1, 3)])
    assert counts(account(MESSAGES, [session]))["out_of_order"] == 1


def test_two_publishers_may_overtake_each_other():
    messages = [message(0, 10.0), message(0, 10.1, publisher="pub1")]
    session = Session(
        0.0, "legacy", frames=[Frame(10.3, Key("pub1", 0, 0), True, "e"), frame(0, 10.4)]
    )
    assert counts(account(messages, [session])) == {"published": 2, "received": 2}


def test_what_is_published_between_a_close_and_the_return_is_in_a_gap():
    first = Session(0.0, "legacy", 10.5, frames=[frame(0, 10.2)])
    second = Session(12.5, "channels", frames=[frame(3, 13.2)])
    found = account(MESSAGES, [first, second])
    assert counts(found) == {"published": 4, "received": 2, "in_gaps": 2}
    (gap,) = found.gaps[0]
    assert (gap.seconds, gap.returned, gap.frames) == (2.0, True, 2)


def test_what_was_under_way_when_a_socket_ended_is_in_the_gap_and_what_was_older_is_lost():
    messages = [message(0, 10.0), message(1, 12.5)]
    found = account(messages, [Session(0.0, "legacy", 13.0), Session(14.0, "legacy")])
    assert counts(found) == {"published": 2, "lost": 1, "in_gaps": 1}


def test_what_is_published_from_the_answer_to_the_handshake_on_may_not_be_missing():
    found = account([message(0, 10.0)], [Session(9.999, "channels")])
    assert counts(found)["lost"] == 1
    assert "lost" not in counts(account([message(0, 10.0)], [Session(10.001, "channels")]))


def test_a_client_that_does_not_return_has_a_gap_without_an_end():
    (gap,) = account(MESSAGES, [Session(0.0, "legacy", 9.0)]).gaps[0]
    assert not gap.returned
    assert gap.frames == 4


def test_what_notify_did_not_take_may_come_or_not():
    messages = [message(0, 10.0, FAILED), message(1, 11.0, FAILED)]
    found = account(messages, [Session(0.0, "legacy", frames=[frame(1, 11.1)])])
    assert counts(found) == {"refused": 2, "received": 1}


def test_other_bytes_on_the_other_server_are_a_mismatch():
    old = Session(0.0, "legacy", frames=[frame(0, 10.1, "a")])
    new = Session(0.0, "channels", frames=[frame(0, 10.2, "b")])
    found = account(MESSAGES[:1], [old], [new])
    assert counts(found)["mismatched"] == 1
    assert found.ledgers[0].faults_of["channels"]["mismatched"] == 1
    assert found.identical == 0


def test_a_frame_that_is_not_as_it_was_published_is_a_mismatch():
    session = Session(0.0, "legacy", frames=[frame(0, 10.1, as_said=False)])
    assert counts(account(MESSAGES[:1], [session]))["mismatched"] == 1


def test_a_frame_of_another_room_and_one_of_nobody_are_mismatches():
    strange = Session(0.0, "legacy", frames=[frame(99, 10.1)])
    assert counts(account([], [strange]))["mismatched"] == 1
    client = ClientRecord(0, 0, [], foreign_frames=2)
    assert account_of([], [client], [0.0]).ledgers[0].counts["mismatched"] == 2


def test_in_an_outage_that_ends_the_socket_frames_are_cut_off():
    outage = [Outage(10.5, 13.5)]
    told = Session(0.0, "channels", 13.0, 1012, frames=[frame(0, 10.2)])
    found = account(MESSAGES[:2], [told, Session(18.0, "channels")], outages=outage)
    assert counts(found) == {"published": 2, "received": 1, "cut_off": 1}


def test_in_an_outage_a_client_that_was_not_told_has_lost_what_is_missing():
    stayed = Session(0.0, "channels", frames=[frame(0, 10.2), frame(3, 13.2)])
    found = account(MESSAGES, [stayed], outages=[Outage(10.5, 12.5)])
    assert counts(found)["lost"] == 2


def test_each_stretch_of_time_has_a_ledger_and_gaps_of_its_own():
    first = Session(0.0, "legacy", 11.5, frames=[frame(0, 10.2), frame(1, 11.2)])
    second = Session(11.9, "channels", frames=[frame(2, 12.2), frame(3, 13.2)])
    found = account(MESSAGES, [first, second], begins=(0.0, 11.4, 12.5))
    assert [counts(found, place)["received"] for place in range(3)] == [2, 1, 1]
    assert [len(gaps) for gaps in found.gaps] == [0, 1, 0]
