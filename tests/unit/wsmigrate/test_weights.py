import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsmigrate.weights import MOST, Servers, percent_of, weights_for

SERVERS = st.builds(
    lambda old, new: Servers([f"l{n}" for n in range(old)], [f"c{n}" for n in range(new)]),
    st.integers(1, 9),
    st.integers(1, 9),
)


@given(SERVERS, st.integers(0, 100))
def test_a_share_comes_back_from_its_weights(servers, percent):
    weights = weights_for(percent, servers)
    assert all(0 <= weight <= MOST for weight in weights.values())
    assert percent_of(weights, servers) == percent
    old, new = (sum(weights[name] for name in side) for side in (servers.legacy, servers.channels))
    assert abs(100 * new / (old + new) - percent) <= 3


@given(SERVERS, st.integers(0, 100))
def test_a_side_has_nothing_only_at_the_ends(servers, percent):
    weights = weights_for(percent, servers)
    assert (weights[servers.legacy[0]] == 0) == (percent == 100)
    assert (weights[servers.channels[0]] == 0) == (percent == 0)


@given(SERVERS, st.integers(0, 99))
def test_a_growing_share_takes_from_one_side_and_gives_to_the_other(servers, percent):
    before, after = weights_for(percent, servers), weights_for(percent + 1, servers)
    assert all(after[name] <= before[name] for name in servers.legacy)
    assert all(after[name] >= before[name] for name in servers.channels)


def test_one_server_of_each_has_the_percentages_as_weights():
    assert weights_for(30, Servers(["a"], ["b"])) == {"a": 70, "b": 30}


def test_weights_that_are_all_0_are_no_share():
    with pytest.raises(ValueError, match="all servers have weight 0"):
        percent_of({"a": 0, "b": 0}, Servers(["a"], ["b"]))
