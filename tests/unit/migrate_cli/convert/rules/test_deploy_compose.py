"""Docker Compose."""

from __future__ import annotations

OLD = {"push.py": "import uwsgi\nuwsgi.websocket_handshake()\n"}

import pytest  # noqa: E402
from rule_projects import assert_untouched, text_after  # noqa: E402

from migrate_cli.convert.findings import Safety  # noqa: E402

RULE = "deploy_compose"


def test_other_services_stay() -> None:
    text = "services:\n  web:\n    command: uwsgi --module site.wsgi\n"
    assert not assert_untouched(RULE, {"docker-compose.yml": text, **OLD}).findings


@pytest.mark.parametrize(
    "text",
    ["services: {ws: {command: uwsgi -w push}}\n", "services:\n  ws: [\n# uwsgi\n"],
)
def test_flow_style_and_broken_files_are_listed(text: str) -> None:
    (finding,) = assert_untouched(RULE, {"compose.yaml": text, **OLD}).findings
    assert finding.safety is Safety.BY_HAND


def test_the_rest_of_the_file_stays_as_it_is() -> None:
    text = (
        "# all of it\r\nservices:\r\n    ws:\r\n        image: 'site'   # ours\r\n"
        "        command: [uwsgi, '-w', push]\r\n        environment:\r\n        - A=1\r\n"
        "        - B=2\r\n\r\n    db:\r\n        image: postgres\r\n"
    )
    after = text_after(RULE, {"docker-compose.yml": text, **OLD})
    assert after.startswith(text[: text.index("\r\n    db:")].rstrip())
    assert after.endswith("    db:\r\n        image: postgres\r\n")
    assert after.count("        - B=2\r\n") == 3
    assert "\n" not in after.replace("\r\n", "")


def test_the_last_service_without_a_line_end_is_understood() -> None:
    text = "services:\n  ws:\n    build: .\n    command: uwsgi -w push"
    after = text_after(RULE, {"docker-compose.yml": text, **OLD})
    assert after.startswith(f"{text}\n  channels:\n    build: .\n")
