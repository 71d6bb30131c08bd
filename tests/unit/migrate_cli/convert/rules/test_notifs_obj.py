"""`obj` is an object."""

from __future__ import annotations

import pytest
from rule_projects import assert_untouched, converted, text_after

from migrate_cli.convert.findings import Safety

RULE = "notifs_obj"
IMPORT = "from notifications.utils import notify\n"


@pytest.mark.parametrize(
    "call",
    ["notify(obj=message)", "notify(obj=None)", "notify(other=message.id)", "tell(obj=message.id)"],
)
def test_objects_and_other_calls_stay(call: str) -> None:
    assert not assert_untouched(RULE, {"a.py": f"{IMPORT}{call}\n"}).findings


@pytest.mark.parametrize("value", ["7", "message_id", "request.user_id", "data['id']"])
def test_an_id_without_its_object_is_listed(value: str) -> None:
    result = assert_untouched(RULE, {"a.py": f"{IMPORT}notify(obj={value})\n"})
    assert [one.safety for one in result.findings] == [Safety.BY_HAND]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("notify(obj=a.b.id)", "notify(obj=a.b)"),
        ("notify(obj=a.pk, b=1)", "notify(obj=a, b=1)"),
        ("notify(**{'obj': get(a).id})", "notify(**{'obj': get(a)})"),
        ("notify(**dict(obj=a.id))", "notify(**dict(obj=a))"),
        (
            "def f():\n    d = {'obj': a.id}\n    notify(**d)",
            "def f():\n    d = {'obj': a}\n    notify(**d)",
        ),
    ],
)
def test_the_object_takes_the_place_of_its_id(before: str, after: str) -> None:
    assert text_after(RULE, {"a.py": f"{IMPORT}{before}\n"}) == f"{IMPORT}{after}\n"


def test_a_dictionary_with_other_uses_is_unsafe() -> None:
    text = f"{IMPORT}def f():\n    d = {{'obj': a.id}}\n    log(d)\n    notify(**d)\n"
    result = converted(RULE, {"a.py": text})
    assert [one.safety for one in result.findings] == [Safety.UNSAFE]
    assert not result.changed
