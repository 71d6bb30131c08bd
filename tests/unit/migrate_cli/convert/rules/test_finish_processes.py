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


def test_what_serves_the_site_as_well_stays_and_is_listed() -> None:
    files = {
        "Procfile": "web: uwsgi --module site.wsgi\n",
        "site.ini": "[uwsgi]\nmodule = site.wsgi\n",
        "a.service": "ExecStart=uwsgi \\\n  --ini site.ini\n",
        "site/wsgi.py": "import uwsgi\nuwsgi.websocket_handshake()\napp = get_wsgi_application()\n",
    }
    found = assert_untouched(RULE, files).findings
    assert [one.path for one in found] == ["Procfile", "a.service", "site.ini"]
    assert all("stays" in one.what for one in found)


def test_a_unit_whose_command_goes_on_goes() -> None:
    files = {"a.service": "[Service]\nExecStart=uwsgi \\\n  -w push\n", **OLD}
    assert set(converted(RULE, files).changed) == {"a.service"}
