"""WSMIGRATE."""

from __future__ import annotations

import pytest
from rule_projects import assert_untouched, text_after

from migrate_cli.convert.findings import Safety

RULE = "settings_wsmigrate"
APPS = "INSTALLED_APPS = ['notifications']\n"


def publisher(parameters: str) -> dict[str, str]:
    head = "import os\nimport pika\nfrom django.conf import settings\n"
    return {"p.py": f"{head}pika.BlockingConnection(pika.{parameters})\n"}


def test_one_that_is_set_stays() -> None:
    files = {"s.py": f"{APPS}WSMIGRATE = {{}}\n", **publisher("URLParameters('amqp://h')")}
    assert not assert_untouched(RULE, files).findings


@pytest.mark.parametrize(
    "parameters", ["ConnectionParameters()", "ConnectionParameters(host='localhost', port=5672)"]
)
def test_the_default_is_not_written(parameters: str) -> None:
    assert not assert_untouched(RULE, {"s.py": APPS, **publisher(parameters)}).findings


@pytest.mark.parametrize(
    "parameters", ["URLParameters(find())", "ConnectionParameters(host=host_of(x))"]
)
def test_a_broker_that_cannot_be_told_is_listed(parameters: str) -> None:
    (finding,) = assert_untouched(RULE, {"s.py": APPS, **publisher(parameters)}).findings
    assert finding.safety is Safety.BY_HAND


@pytest.mark.parametrize(
    ("parameters", "url"),
    [
        ("URLParameters('amqp://a:b@c/d')", "amqp://a:b@c/d"),
        ("ConnectionParameters('rabbit')", "amqp://guest:guest@rabbit:5672/%2F"),
        (
            "ConnectionParameters('r', 1, 'v', pika.PlainCredentials('u', 'p'))",
            "amqp://u:p@r:1/v",
        ),
        ("URLParameters(os.environ['BROKER'])", "amqp://environment"),
        ("URLParameters(os.getenv('BROKER', 'x'))", "amqp://environment"),
        ("URLParameters(settings.BROKER_URL)", "amqp://setting"),
        ("ConnectionParameters(host=settings.HOST)", "amqp://guest:guest@host:5672/%2F"),
        ("ConnectionParameters(host=os.environ.get('HOST'))", "amqp://guest:guest@h:5672/%2F"),
    ],
)
def test_the_broker_of_the_publishers_is_named(
    parameters: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROKER", "amqp://environment")
    monkeypatch.setenv("HOST", "h")
    text = f"{APPS}BROKER_URL = 'amqp://setting'\nHOST = 'host'\n"
    found: dict[str, object] = {}
    exec(text_after(RULE, {"s.py": text, **publisher(parameters)}), found)  # noqa: S102
    assert found["WSMIGRATE"] == {"AMQP_URL": url}
