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


def test_configurations_in_yaml_and_xml_makefiles_and_manifests_are_noted() -> None:
    files = {
        "ws.yaml": 'uwsgi:\n  http: ":8080"\n  module: push:application\n',
        "ws.xml": "<uwsgi><module>push</module></uwsgi>\n",
        "Makefile": "ws:\n\tuwsgi --http :8080 \\\n\t  --module push\n",
        "bin/ws": "#!/bin/sh\nexec uwsgi --http :8080 \\\n    -w push\n",
        "k8s/ws.yaml": "kind: Deployment\n---\nspec:\n  containers:\n  - image: x\n"
        "    command: [uwsgi]\n    args:\n    - --module=push\n",
        "chart/ws.yaml": "a: {{ .Values.a }}\nargs: [uwsgi, --module=push]\n",
        "site.yaml": "spec:\n  command: uwsgi --module site.wsgi\n",
        **OLD,
    }
    found = assert_untouched(RULE, files).findings
    assert [(one.path, one.line) for one in found] == [
        ("Makefile", 2),
        ("bin/ws", 2),
        ("chart/ws.yaml", 2),
        ("k8s/ws.yaml", 6),
        ("ws.xml", 1),
        ("ws.yaml", 1),
    ]
