"""uWSGI's configuration."""

from __future__ import annotations

OLD = {"push.py": "import uwsgi\nuwsgi.websocket_handshake()\n"}

from rule_projects import assert_untouched  # noqa: E402

RULE = "deploy_uwsgi"


def test_configurations_of_the_site_are_not_meant() -> None:
    files = {
        "site.ini": "[uwsgi]\nmodule = site.wsgi\n",
        "tox.ini": "[tox]\nmodule = push\n",
        **OLD,
    }
    assert not assert_untouched(RULE, files).findings


def test_configurations_scripts_and_dockerfiles_are_noted() -> None:
    files = {
        "ws.ini": "[uwsgi]\nwsgi-file = push.py\n",
        "run.sh": "#!/bin/sh\n# uwsgi -w push\nexec uwsgi -w push\n",
        "Dockerfile": 'CMD ["uwsgi", "--module", "push"]\n',
        **OLD,
    }
    found = assert_untouched(RULE, files).findings
    assert [(one.path, one.line) for one in found] == [
        ("Dockerfile", 1),
        ("run.sh", 3),
        ("ws.ini", 1),
    ]
