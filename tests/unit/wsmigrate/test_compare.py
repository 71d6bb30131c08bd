"""What became of a sequence of payloads, also where most of them are equal to one another."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from wsmigrate.compare import Comparison, Difference, Kind, Pair, Verdict, compare

# Three payloads only, so that equal ones abound.
payloads = st.sampled_from([b"ok", b"same again", b"\xf0\x9f\x91\x8d"])
sequences = st.lists(payloads, max_size=40)
with_strangers = st.lists(payloads | st.sampled_from([b"what?", b"who?"]), max_size=40)
places = st.sets(st.integers(min_value=0, max_value=39))


def counts(comparison: Comparison) -> tuple[int, int, int, int]:
    return (
        comparison.lost,
        comparison.duplicated,
        comparison.out_of_order,
        comparison.mismatched,
    )


def compared(expected: str, received: str) -> Comparison:
    """Compares words letter by letter."""
    return compare(
        [letter.encode() for letter in expected], [letter.encode() for letter in received]
    )


class TestOneFault:
    @given(sequences)
    def test_the_same_sequence_matches(self, expected: list[bytes]) -> None:
        comparison = compare(expected, list(expected))
        assert comparison.verdict is Verdict.MATCHED
        assert counts(comparison) == (0, 0, 0, 0)
        assert comparison.pairs == tuple(Pair(i, i) for i in range(len(expected)))

    @given(sequences, places)
    def test_what_is_left_out_is_lost_and_nothing_else(
        self, expected: list[bytes], dropped: set[int]
    ) -> None:
        received = [payload for i, payload in enumerate(expected) if i not in dropped]
        comparison = compare(expected, received)
        assert counts(comparison) == (len(expected) - len(received), 0, 0, 0)

    @given(sequences, places)
    def test_what_comes_again_is_duplicated_and_nothing_else(
        self, expected: list[bytes], repeated: set[int]
    ) -> None:
        received = [p for i, p in enumerate(expected) for _ in range(1 + (i in repeated))]
        comparison = compare(expected, received)
        assert counts(comparison) == (0, len(received) - len(expected), 0, 0)

    @given(sequences, places)
    def test_what_is_altered_is_mismatched_and_nothing_else(
        self, expected: list[bytes], altered: set[int]
    ) -> None:
        received = [p + b"!" if i in altered else p for i, p in enumerate(expected)]
        comparison = compare(expected, received)
        assert counts(comparison) == (0, 0, 0, len(altered & set(range(len(expected)))))
        assert all(
            difference.expected == difference.received for difference in comparison.differences
        )

    @given(st.lists(payloads, min_size=2, max_size=40), st.data())
    def test_two_different_neighbours_exchanged_are_one_out_of_order(
        self, expected: list[bytes], data: st.DataObject
    ) -> None:
        place = data.draw(st.integers(0, len(expected) - 2))
        assume(expected[place] != expected[place + 1])
        received = list(expected)
        received[place : place + 2] = reversed(received[place : place + 2])
        assert counts(compare(expected, received)) == (0, 0, 1, 0)


class TestSeveralFaults:
    @given(sequences, places, places)
    def test_lost_and_altered_are_told_apart(
        self, expected: list[bytes], dropped: set[int], altered: set[int]
    ) -> None:
        received = [
            payload + b"!" if i in altered else payload
            for i, payload in enumerate(expected)
            if i not in dropped
        ]
        lost = len(expected) - len(received)
        changed = len((altered - dropped) & set(range(len(expected))))
        assert counts(compare(expected, received)) == (lost, 0, 0, changed)

    @given(sequences, with_strangers)
    def test_the_books_balance_whatever_came(
        self, expected: list[bytes], received: list[bytes]
    ) -> None:
        comparison = compare(expected, received)
        found = [pair.expected for pair in comparison.pairs]
        found += [d.expected for d in comparison.differences if d.expected is not None]
        taken = [pair.received for pair in comparison.pairs]
        taken += [d.received for d in comparison.differences if d.received is not None]
        assert sorted(found) == list(range(len(expected)))
        assert sorted(taken) == list(range(len(received)))
        assert (comparison.verdict is Verdict.MATCHED) == (expected == received)

    @given(sequences, with_strangers)
    def test_what_is_lined_up_is_equal_and_in_order(
        self, expected: list[bytes], received: list[bytes]
    ) -> None:
        pairs = compare(expected, received).pairs
        assert all(expected[pair.expected] == received[pair.received] for pair in pairs)
        for earlier, later in zip(pairs, pairs[1:]):
            assert earlier.expected < later.expected
            assert earlier.received < later.received

    @given(sequences, sequences)
    def test_without_strangers_as_many_are_in_their_places_as_can_be(
        self, expected: list[bytes], received: list[bytes]
    ) -> None:
        received = [payload for payload in received if payload in expected]
        pairs = compare(expected, received).pairs
        assert len(pairs) == longest_common_subsequence(expected, received)

    @given(sequences, with_strangers)
    def test_no_more_differences_are_named_than_one_for_each_payload_out_of_its_place(
        self, expected: list[bytes], received: list[bytes]
    ) -> None:
        wanted, came = Counter(expected), Counter(p for p in received if p in expected)
        strangers = len(received) - came.total()
        in_place = longest_common_subsequence(expected, received)
        moved = (wanted & came).total() - in_place
        lost, repeated = (wanted - came).total(), (came - wanted).total()
        differences = compare(expected, received).differences
        assert len(differences) <= strangers + lost + repeated + moved

    def test_of_two_explanations_the_one_that_moves_less_is_taken(self) -> None:
        assert counts(compared("abaaa", "bXaaa")) == (1, 0, 0, 1)

    def test_a_stranger_stands_for_what_is_missing_in_its_place(self) -> None:
        comparison = compared("aaba", "aXba")
        assert comparison.differences == (Difference(Kind.MISMATCHED, 1, 1),)

    def test_a_stranger_far_from_what_is_missing_stands_for_nothing(self) -> None:
        comparison = compared("abcdef", "bcdefX")
        assert comparison.differences == (
            Difference(Kind.MISMATCHED, None, 5),
            Difference(Kind.LOST, 0, None),
        )

    def test_a_stranger_among_all_that_was_expected_is_mismatched_alone(self) -> None:
        assert counts(compared("abc", "aXbc")) == (0, 0, 0, 1)

    def test_a_stranger_never_stands_for_a_payload_that_came_elsewhere(self) -> None:
        assert counts(compared("abc", "Xbca")) == (0, 0, 1, 1)

    def test_a_payload_that_came_late_is_out_of_order_and_not_lost(self) -> None:
        comparison = compared("abcdef", "bcdefa")
        assert comparison.differences == (Difference(Kind.OUT_OF_ORDER, 0, 5),)

    def test_a_repeated_payload_outside_the_damaged_middle_is_still_known(self) -> None:
        assert counts(compared("pab", "ppb")) == (1, 1, 0, 0)

    def test_nothing_received_is_all_lost(self) -> None:
        assert counts(compared("abc", "")) == (3, 0, 0, 0)

    def test_nothing_expected_makes_everything_mismatched(self) -> None:
        assert counts(compared("", "abc")) == (0, 0, 0, 3)


class TestTime:
    @pytest.mark.parametrize(
        "damage",
        [
            pytest.param(lambda sequence: sequence[1:-1], id="both ends lost"),
            pytest.param(lambda sequence: sequence[::2], id="every second lost"),
            pytest.param(
                lambda sequence: [*sequence[1:], sequence[0]], id="first moved to the end"
            ),
            pytest.param(
                lambda sequence: [p + b"!" for p in sequence[:-1]], id="nearly all altered"
            ),
        ],
    )
    def test_ten_thousand_frames_take_seconds_at_most(self, damage) -> None:
        expected = [b"%d" % (index * index % 97) for index in range(10_000)]
        begun = time.perf_counter()
        comparison = compare(expected, damage(expected))
        assert comparison.verdict is Verdict.MISMATCHED
        assert time.perf_counter() - begun < 20  # half a second on an idle core


def longest_common_subsequence(one: Sequence[bytes], other: Sequence[bytes]) -> int:
    """The textbook's way."""
    row = [0] * (len(other) + 1)
    for payload in one:
        above, row = row, [0]
        for index, candidate in enumerate(other):
            longer = above[index] + 1 if payload == candidate else 0
            row.append(max(longer, above[index + 1], row[-1]))
    return row[-1]
