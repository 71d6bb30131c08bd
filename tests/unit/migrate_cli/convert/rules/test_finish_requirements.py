"""Requirements at the end."""

from __future__ import annotations

from rule_projects import assert_untouched, text_after

from migrate_cli.convert.findings import Safety

RULE = "finish_requirements"
TEXT = "django-notifs==4.0.0\ngevent==26.9.0\nuWSGI==2.0.31\npika==1.4.4\n"


def test_packages_that_something_else_uses_stay() -> None:
    for other in (
        {"w.py": "from gevent import spawn\n# uwsgi\n"},
        {"site.ini": "[uwsgi]\nmodule = site.wsgi\n"},
        {"Procfile": "web: uwsgi --module site.wsgi\n"},
    ):
        findings = assert_untouched(RULE, {"requirements.txt": TEXT, **other}).findings
        assert {one.safety for one in findings} == {Safety.NOTE}


def test_the_old_server_s_own_use_does_not_count() -> None:
    files = {
        "requirements.txt": TEXT,
        "push.py": "import gevent\nimport uwsgi\nuwsgi.websocket_handshake()\n",
        "ws.ini": "[uwsgi]\nmodule = push\n",
    }
    assert text_after(RULE, files) == "django-notifs==4.0.0\npika==1.4.4\n"
