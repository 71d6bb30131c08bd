"""systemd."""

from __future__ import annotations

OLD = {"push.py": "import uwsgi\nuwsgi.websocket_handshake()\n"}

from rule_projects import assert_untouched, converted  # noqa: E402

RULE = "deploy_systemd"
UNIT = "[Service]\nExecStart=/e/bin/uwsgi --ini /srv/ws.ini\nExecReload=/bin/kill -HUP $MAINPID\n"


def test_other_units_stay() -> None:
    text = UNIT.replace("ws.ini", "site.ini")
    assert not assert_untouched(RULE, {"a.service": text, **OLD}).findings


def test_two_units_come_beside_it() -> None:
    files = {"d/a.service": UNIT, "d/ws.ini": "[uwsgi]\nwsgi-file = push.py\n", **OLD}
    after = converted(RULE, files).after
    assert after.text("d/a.service") == UNIT
    assert "ExecStart=/e/bin/wsmigrate bridge run" in after.text("d/a-bridge.service")
    assert "ExecReload" not in after.text("d/a-channels.service")


def test_a_command_may_go_on_in_the_next_line() -> None:
    unit = UNIT.replace(" --ini /srv/ws.ini", " \\\n    --http :8080 \\\n    --module push")
    after = converted(RULE, {"a.service": unit, **OLD}).after
    assert after.text("a.service") == unit
    assert after.text("a-bridge.service") == "[Service]\nExecStart=/e/bin/wsmigrate bridge run\n"
