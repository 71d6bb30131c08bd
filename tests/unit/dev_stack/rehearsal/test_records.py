from dev_stack.rehearsal.lines import Key
from dev_stack.rehearsal.records import BEGUN, FAILED, TAKEN, read_clients, read_messages


def test_a_publishers_log_says_what_was_taken_what_failed_and_what_was_cut_off():
    lines = [
        "b 0 0 1.0\n",
        "e 0 0 1.5\n",
        "b 1 0 2.0\n",
        "f 1 0 2.5 OSError\n",
        "b 0 1 3.0\n",
        "e 0",
    ]
    messages = read_messages("pub0", lines)
    assert [(one.key, one.begin, one.end, one.fate) for one in messages] == [
        (Key("pub0", 0, 0), 1.0, 1.5, TAKEN),
        (Key("pub0", 1, 0), 2.0, 2.5, FAILED),
        (Key("pub0", 0, 1), 3.0, 3.0, BEGUN),
    ]


def test_the_log_of_the_clients_gives_each_its_sessions():
    lines = [
        "o 5 1.0 -\n",
        "f 5 1.2 pub0 3 0 1 abc\n",
        "c 5 2.0 1006\n",
        "x 5 3.0 TimeoutError\n",
        "o 5 7.0 channels\n",
        "? 5 8.0 12\n",
    ]
    (client,) = read_clients({5: 3}, lines)
    first, second = client.sessions
    assert (client.room, client.failed_tries, client.foreign_frames) == (3, 1, 1)
    assert (first.opened, first.closed, first.code, first.server) == (1.0, 2.0, 1006, "legacy")
    assert [(frame.key, frame.as_said) for frame in first.frames] == [(Key("pub0", 3, 0), True)]
    assert (second.opened, second.closed, second.server) == (7.0, None, "channels")
