import json

from dev_stack.rehearsal.lines import Key, frame_of, key_of, said


def test_a_message_names_itself_and_is_as_long_as_it_is_to_be():
    text = said("pub0", 7, 12, 300)
    assert len(text) == 300
    assert key_of(frame_of(text)) == (Key("pub0", 7, 12), True)


def test_a_message_too_short_for_its_head_still_names_itself():
    assert key_of(frame_of(said("pub0", 7, 12, 1))) == (Key("pub0", 7, 12), True)


def test_a_frame_with_one_character_changed_is_not_as_it_was_said():
    text = said("pub0", 7, 12, 300)
    assert key_of(frame_of(text[:-1] + "≠")) == (Key("pub0", 7, 12), False)


def test_a_frame_that_was_cut_off_is_not_as_it_was_said():
    assert key_of(frame_of(said("pub0", 7, 12, 300)[:200])) == (Key("pub0", 7, 12), False)


def test_other_bytes_that_mean_the_same_are_not_as_they_were_published():
    spelled = b'"\\u0070' + frame_of(said("pub0", 7, 12, 100))[2:]
    assert json.loads(spelled) == said("pub0", 7, 12, 100)
    assert key_of(spelled) == (Key("pub0", 7, 12), False)


def test_of_the_frames_of_the_site_the_message_within_counts():
    frame = json.dumps({"message": said("site0", 3, 1, 80), "user": {"username": "zoe"}}).encode()
    assert key_of(frame) == (Key("site0", 3, 1), True)


def test_frames_of_somebody_else_are_none():
    for payload in (b"", b"[]", b'"hello"', b"\xff", b'{"message": 1}', b"null"):
        assert key_of(payload) is None
