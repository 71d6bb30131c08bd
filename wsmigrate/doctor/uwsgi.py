"""The options of a uWSGI that serves WebSockets with gevent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Optional

from wsmigrate.doctor.findings import Finding, Level

CHECK = "uwsgi"
Options = Mapping[str, tuple[str, ...]]
"""Each option with all its values, in the order of the file."""

_PLACEHOLDER = re.compile(r"%\((?P<name>[^)]+)\)")
_SETS = ("set-placeholder", "set-ph", "set")
_TRUE = frozenset({"true", "1", "yes", "on", ""})


def options_of_ini(text: str) -> Options:
    """The options of the section ``[uwsgi]``, as uWSGI reads its ini files: keys may come again,
    and ``%(name)`` stands for what was set before. What a conditional block sets is taken as set
    last; of several placeholders of one name the first counts."""
    found: dict[str, list[str]] = {}
    placeholders: dict[str, str] = {}
    is_ours = is_conditional = False
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line[0] in "#;":
            continue
        if line.startswith("["):
            is_ours = line == "[uwsgi]"
            continue
        key, equals, value = (part.strip() for part in line.partition("="))
        if not is_ours or not equals:
            continue
        if key.startswith(("if-", "ifnot-")) or key == "endif":
            is_conditional = key != "endif"
            continue
        if key in _SETS:
            name, _, given = value.partition("=")
            if not is_conditional:
                placeholders.setdefault(name.strip(), given.strip())
            continue
        filled = _PLACEHOLDER.sub(lambda match: placeholders.get(match["name"], match[0]), value)
        found.setdefault(key, []).append(filled)
        placeholders.setdefault(key, filled)
    return {key: tuple(values) for key, values in found.items()}


def findings_of(options: Options, sockets: int) -> Iterator[Finding]:
    """What is wrong with them, for so many sockets."""
    before = 0
    for check in (_speaks_http, _has_gevent, _has_room, _spares_sockets, _can_be_drained):
        for finding in check(options, sockets):
            before += 1
            yield finding
    if not before:
        yield Finding(CHECK, Level.GOOD, f"Its options suit {sockets} sockets.")


def _speaks_http(options: Options, _sockets: int) -> Iterator[Finding]:
    if "http" in options and not _is_on(options, "http-websockets"):
        yield Finding(
            CHECK,
            Level.MEND,
            "Its router (`http`) passes no WebSockets on.",
            "Set http-websockets = true, or use http-socket behind a front door.",
        )
    if not {"http", "http-socket", "https"} & set(options):
        yield Finding(
            CHECK,
            Level.MEND,
            "It does not speak HTTP, so no front door can pass a handshake on to it.",
            "Set http-socket = 127.0.0.1:8081.",
        )


def _has_gevent(options: Options, _sockets: int) -> Iterator[Finding]:
    if not {"gevent", "ugreen", "asyncio", "async"} & set(options):
        yield Finding(
            CHECK,
            Level.MEND,
            "It has no gevent: each worker serves one socket, and then nobody.",
            "Set gevent = 1000.",
        )
    elif "gevent" in options and not (
        _is_on(options, "gevent-monkey-patch") or "gevent-early-monkey-patch" in options
    ):
        yield Finding(
            CHECK,
            Level.ADVICE,
            "It does not patch the standard library for gevent: one slow call holds up a worker, "
            "unless the application patches it.",
            "Set gevent-monkey-patch = true.",
        )
    if not (_is_on(options, "enable-threads") or "threads" in options):
        yield Finding(
            CHECK,
            Level.MEND,
            "It runs no threads: a publisher in it can neither follow the state nor send.",
            "Set enable-threads = true.",
        )


def _has_room(options: Options, sockets: int) -> Iterator[Finding]:
    cores = _number(options, "gevent") or _number(options, "async")
    workers = _number(options, "processes") or _number(options, "workers") or 1
    if cores and cores * workers < sockets:
        yield Finding(
            CHECK,
            Level.MEND,
            f"{workers} workers of {cores} cores hold {cores * workers} sockets, and {sockets} are "
            "expected back after a rollback.",
            "Raise gevent, or processes.",
        )
    if (_number(options, "buffer-size") or 4096) < 8192:
        yield Finding(
            CHECK,
            Level.ADVICE,
            "The headers of a request have to fit into 4 KiB (buffer-size); the front door adds "
            "some.",
            "Set buffer-size = 32768.",
        )


def _spares_sockets(options: Options, _sockets: int) -> Iterator[Finding]:
    if _number(options, "harakiri"):
        yield Finding(
            CHECK,
            Level.MEND,
            "harakiri ends a worker whose request lasts longer; every open socket is such a "
            "request, and all others of the worker go with it.",
            "Serve the sockets from an instance of their own, without harakiri.",
        )
    recycling = [
        key
        for key in ("max-requests", "max-worker-lifetime", "reload-on-rss", "evil-reload-on-rss")
        if key in options
    ]
    if recycling:
        yield Finding(
            CHECK,
            Level.ADVICE,
            f"{', '.join(recycling)} ends workers now and then, with all their sockets.",
            "Leave it out where sockets are served.",
        )
    if "http" in options and not _number(options, "http-timeout"):
        yield Finding(
            CHECK,
            Level.ADVICE,
            "Its router closes a socket that is silent for 60 s.",
            "Set http-timeout above the keepalive of the server, 30 s, or use http-socket.",
        )


def _can_be_drained(options: Options, _sockets: int) -> Iterator[Finding]:
    if not _is_on(options, "master"):
        yield Finding(
            CHECK,
            Level.MEND,
            "It has no master: a worker that is ended by the drain does not come back.",
            "Set master = true.",
        )
    if not {"pidfile", "pidfile2", "safe-pidfile", "safe-pidfile2"} & set(options):
        yield Finding(
            CHECK,
            Level.ADVICE,
            "It writes no pid file, which the drain finds its workers by.",
            "Set pidfile = /run/uwsgi.pid, and uwsgi_pid in [drain] of wsmigrate.toml.",
        )
    if not _is_on(options, "die-on-term"):
        yield Finding(
            CHECK,
            Level.ADVICE,
            "SIGTERM reloads it instead of ending it.",
            "Set die-on-term = true.",
        )


def _is_on(options: Options, key: str) -> bool:
    return key in options and options[key][-1].lower() in _TRUE


def _number(options: Options, key: str) -> Optional[int]:  # noqa: UP045 - for Python 3.9
    values = options.get(key)
    return int(values[-1]) if values and values[-1].isdigit() else None
