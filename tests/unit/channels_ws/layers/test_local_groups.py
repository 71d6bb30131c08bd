"""Groups of the channels of a process."""

from __future__ import annotations

from channels_ws.layers.local_groups import LocalGroups


def test_a_group_that_nobody_joined_has_no_channels() -> None:
    groups = LocalGroups(0)
    assert list(groups.channels_of("g", 0)) == []
    assert "g" not in groups


def test_leaving_a_group_that_one_is_not_in_changes_nothing() -> None:
    groups = LocalGroups(0)
    groups.add("g", "a", 0)
    groups.discard("g", "b")
    groups.discard("h", "a")
    assert list(groups.channels_of("g", 0)) == ["a"]


def test_a_channel_is_in_a_group_once_however_often_it_joins() -> None:
    groups = LocalGroups(0)
    groups.add("g", "a", 0)
    groups.add("g", "a", 1)
    assert list(groups.channels_of("g", 2)) == ["a"]
    groups.discard("g", "a")
    assert "g" not in groups


def test_a_channel_that_is_gone_leaves_all_its_groups() -> None:
    groups = LocalGroups(0)
    for group in ("g", "h"):
        groups.add(group, "a", 0)
        groups.add(group, "b", 0)
    groups.discard_channel("a")
    assert list(groups.channels_of("g", 0)) == ["b"]
    assert list(groups.channels_of("h", 0)) == ["b"]


def test_a_membership_ends_with_the_expiry_unless_it_is_renewed() -> None:
    groups = LocalGroups(10)
    groups.add("g", "a", 0)
    groups.add("g", "b", 0)
    groups.add("g", "b", 5)
    assert list(groups.channels_of("g", 12)) == ["b"]


def test_nothing_is_left_of_channels_that_came_and_went() -> None:
    groups = LocalGroups(0)
    for number in range(1000):
        groups.add(f"g{number}", "a", 0)
        groups.discard(f"g{number}", "a")
    assert vars(groups)["_channels"] == {}
    assert not vars(groups)["_groups"]
