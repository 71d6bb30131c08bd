"""docs/layers.md shows what the contract suite proves."""

from __future__ import annotations

from pathlib import Path

from layer_promises import NOT_HELD, LayerKind, Promise, table

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "layers.md"
SUITE = ROOT / "tests" / "integration" / "channels_ws" / "layers"


def test_its_table_is_the_one_of_the_suite() -> None:
    assert "\n".join(table()) in PAGE.read_text(encoding="utf-8"), (
        "Put what `python tests/layer_promises.py` prints into docs/layers.md."
    )


def test_each_promise_has_exactly_one_test() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in SUITE.glob("test_contract*.py"))
    assert {
        one: tests.count(f"@promise(Promise.{one.name})\n") for one in Promise
    } == dict.fromkeys(Promise, 1)


def test_ours_holds_all_of_them() -> None:
    assert not [promise for kind, promise in NOT_HELD if kind is LayerKind.OURS]
