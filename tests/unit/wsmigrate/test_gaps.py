from wsmigrate.gaps import GapBook


def test_a_client_that_moves_has_one_gap_with_its_frames():
    book = GapBook()
    book.is_there("r", "10.0.0.1")
    book.listen_to("r")
    for at in (0.5, 1.0, 1.2, 1.5, 2.0):
        book.published("r", at)
    book.left("r", "10.0.0.1", 1.0)
    assert book.came("r", "10.0.0.1", 1.5)
    (gap,) = book.gaps(until=9.0)
    assert (gap.length, gap.frames) == (0.5, 3)
    assert book.summary(9.0).more_than_one == 0


def test_a_newcomer_is_nobody_who_left():
    book = GapBook()
    book.left("r", "10.0.0.1", 1.0)
    assert not book.came("r", "10.0.0.2", 1.1)
    assert not book.came("other", "10.0.0.1", 1.1)
    assert book.summary(5.0).away == 1


def test_one_that_is_seen_back_before_it_is_seen_to_leave_is_back():
    book = GapBook()
    book.is_there("r", "a")
    assert not book.came("r", "a", 1.2)  # the front door has not let go of its old socket yet
    book.left("r", "a", 1.0)
    (gap,) = book.gaps(until=9.0)
    assert (gap.began, gap.ended) == (1.0, 1.2)


def test_one_that_came_long_before_is_somebody_else():
    book = GapBook()
    book.came("r", "a", 1.0)
    book.left("r", "a", 5.0)
    assert book.summary(9.0).away == 1


def test_one_that_is_not_back_counts_its_frames_so_far():
    book = GapBook()
    book.listen_to("r")
    book.left("r", "a", 1.0)
    book.published("r", 2.0)
    (gap,) = book.gaps(until=3.0)
    assert (gap.ended, gap.length, gap.frames) == (None, None, 1)


def test_a_second_gap_of_a_client_is_said():
    book = GapBook()
    book.is_there("r", "a")
    for began in (1.0, 5.0):
        book.left("r", "a", began)
        book.came("r", "a", began + 1)
    assert book.summary(9.0).more_than_one == 1


def test_several_clients_behind_one_address_are_several():
    book = GapBook()
    for _ in range(3):
        book.is_there("r", "nat")
    for at in (1.0, 1.0, 4.0):
        book.left("r", "nat", at)
    for at in (2.0, 3.0, 5.0):
        book.came("r", "nat", at)
    found = book.summary(9.0)
    assert (found.moved, found.away, found.more_than_one) == (3, 0, 0)
    assert found.longest == 2.0
    assert found.mean == 4 / 3


def test_frames_of_a_room_that_nobody_listens_to_are_not_known():
    book = GapBook()
    book.left("r", "a", 1.0)
    book.published("r", 1.5)
    book.came("r", "a", 2.0)
    assert book.gaps(3.0)[0].frames is None
    assert book.summary(3.0).frames is None
