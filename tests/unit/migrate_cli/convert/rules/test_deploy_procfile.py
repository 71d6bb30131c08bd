"""Procfile."""

from __future__ import annotations

OLD = {"push.py": "import uwsgi\nuwsgi.websocket_handshake()\n"}

from rule_projects import assert_untouched, text_after  # noqa: E402

RULE = "deploy_procfile"


def test_other_processes_stay() -> None:
    text = "web: uwsgi --http :80 --module site.wsgi\nworker: celery\n# ws: uwsgi --module push\n"
    assert not assert_untouched(RULE, {"Procfile": text, **OLD}).findings


def test_one_that_is_converted_stays() -> None:
    text = "ws: uwsgi --module push\nx: wsmigrate serve\n"
    assert not assert_untouched(RULE, {"Procfile": text, **OLD}).findings


def test_the_old_server_is_known_by_its_module_file_or_configuration() -> None:
    for command in ("-w push", "--wsgi-file=push.py", "--module=push:application", "--ini ws.ini"):
        files = {
            "Procfile": f"ws: bin/uwsgi {command}",
            "ws.ini": "[uwsgi]\nmodule = push\n",
            **OLD,
        }
        text = text_after(RULE, files)
        assert "channels: bin/wsmigrate serve --host" in text, command
        assert "bridge: bin/wsmigrate bridge run\n" in text
