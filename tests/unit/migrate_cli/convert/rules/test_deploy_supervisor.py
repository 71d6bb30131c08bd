"""supervisord."""

from __future__ import annotations

OLD = {"push.py": "import uwsgi\nuwsgi.websocket_handshake()\n"}

from rule_projects import assert_untouched, text_after  # noqa: E402

RULE = "deploy_supervisor"


def test_other_programs_stay() -> None:
    text = "[program:web]\ncommand=uwsgi --module site.wsgi\n"
    assert not assert_untouched(RULE, {"a.conf": text, **OLD}).findings


def test_log_files_are_not_shared() -> None:
    text = "[program:ws]\ncommand = uwsgi -w push\nstdout_logfile = /var/log/ws.log\nuser = site\n\n[program:b]\ncommand=b\n"
    after = text_after(RULE, {"a.conf": text, **OLD})
    assert after.count("/var/log/ws.log") == 1
    assert after.count("user = site") == 3
    assert after.endswith("\n\n[program:b]\ncommand=b\n")


def test_a_command_may_go_on_and_processes_are_not_multiplied() -> None:
    text = "[program:ws]\ncommand = uwsgi\n    --http :8080\n    -w push\nnumprocs=2\nuser=site\n"
    after = text_after(RULE, {"a.conf": text, **OLD})
    assert "command = wsmigrate bridge run\nuser=site\n" in after
    assert after.count("numprocs") == after.count("--http") == 1
