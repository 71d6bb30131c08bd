"""The sabotaged layer: it breaks what it should, as often as it says, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest
from demo_world import eventually
from django.core.exceptions import ImproperlyConfigured

from dev_stack.demo import sabotage
from dev_stack.demo.plan import Sabotage
from dev_stack.demo.sabotage import (
    KIND_VARIABLE,
    RECORD_VARIABLE,
    SabotagedLayer,
    altered,
    broken_messages,
    sabotaged_layers,
)


class Sent:
    """What reached the real layer, and that layer."""

    def __init__(self, record: Path) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.record = record

    async def group_send(self, group: str, event: dict[str, Any]) -> None:
        self.events.append((group, event))

    def layer(self, kind: Sabotage) -> SabotagedLayer:
        return SabotagedLayer(
            backend="demo_world.WorldLayer",
            config={"send": self.group_send},
            kind=kind.value,
            record=str(self.record),
        )

    def texts(self, group: str = "g") -> list[str]:
        return [event["message"] for to, event in self.events if to == group]


@pytest.fixture
def sent(tmp_path: Path) -> Sent:
    return Sent(tmp_path / "record.json")


def event(text: str, number: int = 0) -> dict[str, Any]:
    return {"type": "message", "message": text, "id": f"id{number}", "room": "g"}


async def send_all(layer: SabotagedLayer, texts: str, group: str = "g") -> None:
    for number, text in enumerate(texts):
        await layer.group_send(group, event(text, number))


async def test_drop_leaves_out_the_first_and_every_fifth_after_it(sent: Sent) -> None:
    await send_all(sent.layer(Sabotage.DROP), "abcdefgh")
    assert sent.texts() == list("bcdegh")
    assert broken_messages(sent.record) == {"g": 2}


async def test_duplicate_sends_them_twice_with_ids_of_their_own(sent: Sent) -> None:
    await send_all(sent.layer(Sabotage.DUPLICATE), "abcd")
    assert sent.texts() == list("aabcd")
    ids = [event["id"] for _, event in sent.events]
    assert len(set(ids)) == len(ids)
    assert broken_messages(sent.record) == {"g": 1}


async def test_alter_exchanges_one_character_of_what_is_said(sent: Sent) -> None:
    frame = json.dumps({"user": {"id": 1}, "message": "hello"})
    layer = sent.layer(Sabotage.ALTER)
    await layer.group_send("g", event(frame))
    assert json.loads(sent.texts()[0]) == {"user": {"id": 1}, "message": "≠ello"}
    assert broken_messages(sent.record) == {"g": 1}


@pytest.mark.parametrize("text", ["", "no JSON", "[]", '{"message": 1}', '{"message": ""}'])
def test_altering_changes_any_text(text: str) -> None:
    assert altered(text) != text


async def test_reorder_has_the_next_one_overtake(sent: Sent) -> None:
    await send_all(sent.layer(Sabotage.REORDER), "abcd")
    assert sent.texts() == list("bacd")
    assert broken_messages(sent.record) == {"g": 1}


async def test_reorder_waits_for_a_text_that_differs(sent: Sent) -> None:
    await send_all(sent.layer(Sabotage.REORDER), "aaabc")
    assert sent.texts() == list("aabac")
    assert broken_messages(sent.record) == {"g": 1}


async def test_reorder_loses_no_message_that_nothing_follows(
    sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sabotage, "_LONGEST_HOLD_S", 0.01)
    await send_all(sent.layer(Sabotage.REORDER), "a")
    assert sent.texts() == []
    await eventually(lambda: len(sent.events) == 1)
    assert sent.texts() == ["a"]
    assert broken_messages(sent.record) == {}


async def test_a_held_message_survives_a_failure_of_the_layer(
    sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sabotage, "_LONGEST_HOLD_S", 0.01)
    failures = [ConnectionError()]
    real_send = sent.group_send

    async def fail_once(group: str, sent_event: dict[str, Any]) -> None:
        if sent_event["message"] == "a" and failures:
            raise failures.pop()
        await real_send(group, sent_event)

    sent.group_send = fail_once  # type: ignore[method-assign]
    await send_all(sent.layer(Sabotage.REORDER), "a")
    await eventually(lambda: len(sent.events) == 1)
    assert sent.texts() == ["a"]


async def test_each_group_is_counted_by_itself(sent: Sent) -> None:
    layer = sent.layer(Sabotage.DROP)
    await send_all(layer, "abc", "one")
    await send_all(layer, "ab", "two")
    assert (sent.texts("one"), sent.texts("two")) == (["b", "c"], ["b"])
    assert broken_messages(sent.record) == {"one": 1, "two": 1}


async def test_a_bridge_that_is_started_again_counts_on(sent: Sent) -> None:
    await send_all(sent.layer(Sabotage.DROP), "ab")
    await send_all(sent.layer(Sabotage.DROP), "ab")
    assert broken_messages(sent.record) == {"g": 2}


def test_everything_else_is_the_real_layers(sent: Sent) -> None:
    assert sent.layer(Sabotage.DROP).extensions == ["groups"]


class TestSettings:
    LAYERS: ClassVar = {"default": {"BACKEND": "real.Layer", "CONFIG": {"host": "x"}}, "other": {}}

    def test_the_default_layer_is_wrapped_with_its_own_configuration(self) -> None:
        environment = {KIND_VARIABLE: "drop", RECORD_VARIABLE: "/r.json"}
        layers = sabotaged_layers(self.LAYERS, environment)
        assert layers["default"] == {
            "BACKEND": "dev_stack.demo.sabotage.SabotagedLayer",
            "CONFIG": {
                "backend": "real.Layer",
                "config": {"host": "x"},
                "kind": "drop",
                "record": "/r.json",
            },
        }
        assert layers["other"] == {}

    def test_a_missing_variable_is_said(self) -> None:
        with pytest.raises(ImproperlyConfigured, match=KIND_VARIABLE):
            sabotaged_layers(self.LAYERS, {})
