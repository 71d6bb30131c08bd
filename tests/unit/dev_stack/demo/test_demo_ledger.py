"""What was posted, in order."""

from __future__ import annotations

from dev_stack.demo.ledger import Ledger, expected_payload

USER = {
    "last_name": "Å",
    "id": 3,
    "username": "zoe",
    "email": "zoe@example.org",
    "first_name": "Zoë",
    "extra": True,
}


def test_a_frame_has_the_keys_in_the_fixed_order_and_ascii_escapes() -> None:
    assert expected_payload(USER, "ok 👍 <b>") == (
        b'{"user": {"id": 3, "username": "zoe", "email": "zoe@example.org", '
        b'"first_name": "Zo\\u00eb", "last_name": "\\u00c5"}, '
        b'"message": "ok \\ud83d\\udc4d <b>"}'
    )


def test_each_room_has_a_sequence_of_its_own_in_the_order_of_entry() -> None:
    ledger = Ledger()
    ledger.enter("a", b"1", 0.5)
    ledger.enter("b", b"2", 0.6)
    ledger.enter("a", b"1", 0.7)
    assert [(one.payload, one.sent_at) for one in ledger.posted("a")] == [(b"1", 0.5), (b"1", 0.7)]
    assert ledger.count("b") == 1
    assert ledger.published == 3


def test_there_is_nothing_beyond_the_end_and_in_unknown_rooms() -> None:
    ledger = Ledger()
    ledger.enter("a", b"1", 0.0)
    assert ledger.payload_at("a", 0) == b"1"
    assert ledger.payload_at("a", 1) is None
    assert ledger.payload_at("b", 0) is None
    assert ledger.count("b") == 0


def test_equal_payloads_become_one_object() -> None:
    ledger = Ledger()
    mine = bytes(bytearray(b"long"))
    ledger.enter("a", mine, 0.0)
    assert ledger.shared("a", bytes(bytearray(b"long"))) is mine
    other = bytes(bytearray(b"other"))
    assert ledger.shared("a", other) is other
