from __future__ import annotations

from pathlib import Path

import pytest

from wsmigrate.doctor.findings import Level
from wsmigrate.doctor.uwsgi import findings_of, options_of_ini

GOOD = """
[uwsgi]
; a comment
http-socket = 127.0.0.1:8081
gevent = 1000
gevent-monkey-patch = true
enable-threads = true
buffer-size = 32768
master = true
pidfile = /run/uwsgi.pid
die-on-term = true
processes = 2
"""


def said(text: str, sockets: int = 1000) -> dict[str, Level]:
    return {one.what: one.level for one in findings_of(options_of_ini(text), sockets)}


def test_good_options_have_one_good_finding() -> None:
    assert list(said(GOOD).values()) == [Level.GOOD]


@pytest.mark.parametrize(
    ("change", "level", "words"),
    [
        (("gevent = 1000", ""), Level.MEND, "no gevent"),
        (("gevent-monkey-patch = true", ""), Level.ADVICE, "does not patch"),
        (("gevent = 1000", "gevent = 100"), Level.MEND, "hold 200 sockets"),
        (("enable-threads = true", ""), Level.MEND, "no threads"),
        (("http-socket = 127.0.0.1:8081", "socket = /run/s"), Level.MEND, "not speak HTTP"),
        (("http-socket", "http"), Level.MEND, "no WebSockets"),
        (("master = true", "harakiri = 30\nmaster = true"), Level.MEND, "harakiri"),
        (("master = true", "master = true\nmax-requests = 5"), Level.ADVICE, "max-requests"),
        (("master = true", ""), Level.MEND, "no master"),
        (("pidfile", "no-such"), Level.ADVICE, "pid file"),
        (("die-on-term = true", ""), Level.ADVICE, "SIGTERM"),
        (("buffer-size = 32768", ""), Level.ADVICE, "4 KiB"),
    ],
)
def test_what_is_wrong_is_named(change: tuple[str, str], level: Level, words: str) -> None:
    found = said(GOOD.replace(*change))
    matching = [one for what, one in found.items() if words in what]
    assert matching == [level], found


def test_placeholders_are_filled_in_and_the_first_one_counts() -> None:
    options = options_of_ini(
        "[other]\ngevent = 1\n[uwsgi]\nset-placeholder = n=7\nset-ph = n=9\ngevent = %(n)\n"
    )
    assert options == {"gevent": ("7",)}


def test_our_own_ini_suits() -> None:
    path = Path(__file__).parents[4] / "legacy_uwsgi_ws" / "uwsgi.ini"
    found = said(path.read_text(), sockets=1000)
    assert set(found.values()) == {Level.ADVICE}
    assert "pid file" in str(found)
