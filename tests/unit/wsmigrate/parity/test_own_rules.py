"""Rules of a site's own: what is blotted out, and what cannot be a rule."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wsmigrate.errors import ConfigError
from wsmigrate.parity.messages import DataMessage
from wsmigrate.parity.own_rules import masked, rules_of_document


def blotted(content: str, **entry: str) -> str:
    rules = rules_of_document({"rule": [{"name": "r", "reason": "because", **entry}]})
    return masked(DataMessage(content.encode(), 1), rules).content.decode().replace("\0r\0", "#")


@pytest.mark.parametrize(
    ("content", "pointer", "expected"),
    [
        ('{"a": 1, "b": 2}', "/a", '{"a": #, "b": 2}'),
        ('{ "a" : "x,}]" , "b":2}', "/a", '{ "a" : # , "b":2}'),
        ('{"é": {"a": [1, {"t": "now"}]}}', "/é/a/1/t", '{"é": {"a": [1, {"t": #}]}}'),
        ('[{"t": 1}, {"t": 2}]', "/*/t", '[{"t": #}, {"t": #}]'),
        ('{"a": 1, "a": 2}', "/a", '{"a": #, "a": #}'),
        ('{"a/b": 1, "c~d": 2}', "/a~1b", '{"a/b": #, "c~d": 2}'),
        ('{"a": 1}', "/b", '{"a": 1}'),
        ("no json", "/a", "no json"),
        ('{"a": 1', "/b", '{"a": 1'),
        ("[]", "/0", "[]"),
        ("{}", "/a", "{}"),
    ],
)
def test_a_pointer_blots_out_the_value_as_it_stands(content, pointer, expected):
    assert blotted(content, json_pointer=pointer) == expected


@pytest.mark.parametrize(
    ("regex", "expected"),
    [(r"\d+", "id=#; at=#"), (r"id=(\d+)", "id=#; at=34"), ("nothing", "id=12; at=34")],
)
def test_a_regular_expression_blots_out_its_groups_or_all(regex, expected):
    assert blotted("id=12; at=34", regex=regex) == expected


@pytest.mark.parametrize(
    ("regex", "expected"),
    [
        (r"(id=(\d+))", "#; at=34"),
        (r"(?=(id=12))(i)", "#; at=34"),
        (r"(?=.*(at=\d+))(id)", "#=12; #"),
    ],
)
def test_groups_that_overlap_or_come_in_another_order_are_blotted_out_once(regex, expected):
    assert blotted("id=12; at=34", regex=regex) == expected


def test_whether_anything_is_left_to_compare_is_known():
    rules = rules_of_document({"rule": [{"name": "r", "reason": "because", "regex": ".+"}]})
    some = rules_of_document({"rule": [{"name": "r", "reason": "because", "regex": "a"}]})
    message = DataMessage(b"abc", 1)
    assert masked(message, rules).is_blank
    assert not masked(message, some).is_blank
    assert not masked(DataMessage(b"", 1), rules).is_blank


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.text(max_size=5), st.text() | st.integers(), max_size=5))
def test_any_document_is_walked_through(document):
    text = json.dumps(document, ensure_ascii=False)
    assert blotted(text.replace("\0", ""), json_pointer="/not there") == text.replace("\0", "")


@pytest.mark.parametrize(
    "document",
    [
        {"rules": []},
        {"rule": {}},
        {"rule": [{"name": "a", "json_pointer": "/a"}]},
        {"rule": [{"name": "a", "reason": "r"}]},
        {"rule": [{"name": "a", "reason": "r", "json_pointer": "/a", "regex": "b"}]},
        {"rule": [{"name": "a", "reason": "r", "json_pointer": "a"}]},
        {"rule": [{"name": "a", "reason": "r", "regex": "("}]},
        {"rule": [{"name": "a", "reason": "r", "regex": "x", "else": "y"}]},
        {"rule": [{"name": 1, "reason": "r", "regex": "x"}]},
    ],
)
def test_what_is_no_rule_is_refused(document):
    with pytest.raises(ConfigError):
        rules_of_document(document)
