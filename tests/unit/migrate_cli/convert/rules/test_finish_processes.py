"""Processes at the end."""

from __future__ import annotations

OLD = {"push.py": "import uwsgi\nuwsgi.websocket_handshake()\n"}

from rule_projects import assert_untouched, converted, text_after  # noqa: E402

RULE = "finish_processes"


def test_other_processes_stay() -> None:
    files = {
        "Procfile": "web: uwsgi --module site.wsgi\nchannels: wsmigrate serve\n",
        "site.ini": "[uwsgi]\nmodule = site.wsgi\n",
        **OLD,
    }
    assert not assert_untouched(RULE, files).findings


def test_a_service_that_others_depend_on_is_listed() -> None:
    text = "services:\n  ws:\n    command: uwsgi -w push\n  b:\n    depends_on: [ws]\n"
    assert assert_untouched(RULE, {"docker-compose.yml": text, **OLD}).findings


def test_services_sections_and_files_go() -> None:
    compose = "services:\n  ws:\n    command: uwsgi -w push\n  bridge:\n    command: wsmigrate bridge run\n  db:\n    image: x\n"
    assert (
        text_after(RULE, {"docker-compose.yml": compose, **OLD})
        == "services:\n  db:\n    image: x\n"
    )
    conf = "[program:ws]\ncommand=uwsgi -w push\n\n[program:b]\ncommand=b\n"
    assert text_after(RULE, {"a.conf": conf, **OLD}) == "[program:b]\ncommand=b\n"
    files = {
        "ws.ini": "[uwsgi]\nmodule = push\n",
        "a.service": "ExecStart=uwsgi --ini ws.ini\n",
        **OLD,
    }
    assert set(converted(RULE, files).changed) == {"ws.ini", "a.service"}
