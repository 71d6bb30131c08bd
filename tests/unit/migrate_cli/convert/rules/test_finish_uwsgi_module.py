"""The old server's module."""

from __future__ import annotations

from rule_projects import assert_untouched, converted

RULE = "finish_uwsgi_module"
OLD = {"push.py": "import uwsgi\nuwsgi.websocket_handshake()\n"}


def test_other_modules_stay() -> None:
    assert not assert_untouched(RULE, {"a.py": "import uwsgi\nuwsgi.reload()\n"}).findings


def test_a_module_that_others_import_stays() -> None:
    for statement in ("import push", "from push import application", "from . import push"):
        (finding,) = assert_untouched(RULE, {**OLD, "other.py": f"{statement}\n"}).findings
        assert "other.py" in finding.what


def test_the_module_goes() -> None:
    result = converted(RULE, {**OLD, "other.py": "pushed = 1\n"})
    assert list(result.changed) == ["push.py"]
    assert "push.py" not in result.after.files


def test_the_sites_wsgi_application_stays_and_is_listed() -> None:
    text = (
        "import uwsgi\nfrom django.core.wsgi import get_wsgi_application\n"
        "site = get_wsgi_application()\n\n\ndef application(environ, start_response):\n"
        "    uwsgi.websocket_handshake()\n"
    )
    (finding,) = assert_untouched(RULE, {"site/wsgi.py": text}).findings
    assert finding.line == 7
