"""The cases as data: names, clients and steps fit together."""

from __future__ import annotations

import pytest

from compat_tests.cases import all_cases, chosen_cases
from compat_tests.cases.case import Join
from compat_tests.recording import rewrite_of
from compat_tests.running.mailroom import room_of_client
from compat_tests.watching import sampled
from wsmigrate.errors import ConfigError


def test_names_are_unique():
    names = [case.name for case in all_cases()]
    assert len(names) == len(set(names)) > 70


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.name)
def test_steps_name_clients_of_their_case_and_all_of_them_join(case):
    names = {client.name for client in case.clients}
    assert len(names) == len(case.clients)
    joined = [name for step in case.steps if isinstance(step, Join) for name in step.clients]
    joined += [step.joining for step in case.steps if hasattr(step, "joining")]
    assert sorted(joined) == sorted(names)
    used = {getattr(step, "to", "") or getattr(step, "client", "") for step in case.steps}
    assert used - {""} <= names


def test_cases_are_chosen_by_name_and_by_group():
    assert [case.name for case in chosen_cases(("json",))] == ["json"]
    assert {case.group for case in chosen_cases(("sizes", "json"))} == {"sizes", "texts"}
    with pytest.raises(ConfigError, match="nonsense"):
        chosen_cases(("json", "nonsense"))


@pytest.mark.parametrize(
    ("path", "room"), [("/a/b/?x=/c", "ab"), ("//a%20b", "a b"), ("/amq.x", "/amq.x"), ("/", "/")]
)
def test_a_path_is_a_room_or_stays_a_path(path, room):
    assert room_of_client(path) == room


def test_a_sample_is_a_share_and_always_the_same():
    rooms = [f"room-{number}" for number in range(2000)]
    assert sampled(rooms, 1.0) == rooms
    tenth = sampled(rooms, 0.1)
    assert 120 < len(tenth) < 280
    assert set(tenth) <= set(sampled(rooms, 0.2))


@pytest.mark.parametrize("name", ["", "nonsense", "json:nonsense", "nonsense:x", "json:__name__"])
def test_a_redaction_that_cannot_be_loaded_is_said(name):
    with pytest.raises(ConfigError):
        rewrite_of(name)
