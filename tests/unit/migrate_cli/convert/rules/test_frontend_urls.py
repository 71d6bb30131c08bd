"""WebSocket URLs in the frontend."""

from __future__ import annotations

from rule_projects import assert_untouched

RULE = "frontend_urls"


def test_other_urls_and_minified_lines_are_not_noted() -> None:
    files = {
        "a.js": "fetch('https://a/')\n",
        "b.js": "x" * 3000 + "new WebSocket('ws://a/')\n",
        "c.py": "URL = 'ws://a/'\n",
    }
    assert not assert_untouched(RULE, files).findings


def test_websocket_urls_are_noted_in_code_and_templates() -> None:
    files = {
        "a/app.vue": "\n\nlet s = new WebSocket(`ws://localhost:8080/${uri}`)\n",
        "t/page.html": "<script>connect('wss://chat.example.com/ws/')</script>\n",
    }
    found = assert_untouched(RULE, files).findings
    assert [(one.path, one.line) for one in found] == [("a/app.vue", 3), ("t/page.html", 1)]
    assert "wss://chat.example.com/ws/ here" in found[1].what
