"""uWSGI's WebSocket modules."""

from __future__ import annotations

import pytest
from rule_projects import assert_untouched, text_after

RULE = "uwsgi_websocket"


@pytest.mark.parametrize(
    "text",
    [
        "import uwsgi\nuwsgi.reload()\n",
        "import other as uwsgi\nuwsgi.websocket_send(b'')\n",
        "class uwsgi: ...\nuwsgi.websocket_send(b'')\n",
        "'uwsgi.websocket_handshake()'\n",
    ],
)
def test_other_uses_of_uwsgi_stay(text: str) -> None:
    assert not assert_untouched(RULE, {"a.py": text}).findings


@pytest.mark.parametrize(
    "text",
    [
        "import uwsgi\nuwsgi.websocket_handshake()\n",
        "import uwsgi as u\nu.websocket_recv()\n",
        "from uwsgi import websocket_send as send\nsend(b'')\n",
        "def f():\n    import uwsgi\n    uwsgi.websocket_handshake()\n",
        "try:\n    import uwsgi\nexcept ImportError:\n    pass\nuwsgi.websocket_send(b'')\n",
    ],
)
def test_a_websocket_server_is_marked(text: str) -> None:
    after = text_after(RULE, {"a.py": text})
    assert after.endswith(text)
    assert after.startswith("# wsmigrate: the old server.")


def test_the_mark_comes_behind_shebang_coding_and_docstring() -> None:
    text = "#!/usr/bin/python\n# coding: utf-8\n'Doc.'\nimport uwsgi\nuwsgi.websocket_handshake()\n"
    lines = text_after(RULE, {"a.py": text}).splitlines()
    assert lines[:3] == text.splitlines()[:3]
    assert lines[3].startswith("# wsmigrate")
