"""The weights in what HAProxy writes and reads: its server states and its configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from wsmigrate.errors import ConfigError

_SECTION = re.compile(r"^\s*(?P<kind>[a-z][\w-]*)(?:\s+(?P<quote>[\"']?)(?P<name>[^\s#\"']+))?")
_SECTIONS = frozenset(
    {
        *("global", "defaults", "frontend", "backend", "listen", "program", "cache", "ring"),
        *("peers", "resolvers", "mailers", "userlist", "http-errors", "fcgi-app", "log-forward"),
        *("crt-store", "traces"),
    }
)
# A "#" in quotes, or behind a backslash, begins no comment (configuration manual, section 2.2).
_WORDS = r"(?:\"[^\"]*\"|'[^']*'|\\.|[^#\"'\\])*?"
_SERVER = re.compile(rf"^(?P<head>\s*server\s+(?P<name>\S+)\s+{_WORDS})(?P<tail>\s*(?:#.*)?)$")
_FORCED_MAINT, _FORCED_DRAIN = 0x01, 0x08  # srv_admin_state: management guide, 9.3
_WEIGHT = re.compile(r"(?<=\s)weight\s+(\d+)")


def weights(state: str, backend: str) -> dict[str, int]:
    """The weights of a backend's servers in ``show servers state`` (management guide, 9.3; format
    version 1: columns are named in the second line). Empty where the backend is not in it."""
    return {row["srv_name"]: int(row["srv_uweight"]) for row in _rows(state, backend)}


def set_aside(state: str, backend: str) -> set[str]:
    """The servers of a backend that somebody has set to maint or drain, whatever the weight."""
    return {
        row["srv_name"]
        for row in _rows(state, backend)
        if int(row["srv_admin_state"]) & (_FORCED_MAINT | _FORCED_DRAIN)
    }


def configured_weights(text: str, backend: str) -> dict[str, int]:
    """The weights on the lines of a backend's servers; HAProxy's default is 1."""
    found = {}
    for _, server in _server_lines(text, backend):
        weight = _WEIGHT.search(server["head"])
        found[server["name"]] = int(weight.group(1)) if weight else 1
    return found


def with_weights(text: str, backend: str, wanted: Mapping[str, int]) -> str:
    """A configuration with these weights in it; every other byte is as it was.

    Raises ConfigError where a server is not in the backend of that file, on one line.
    """
    lines = text.split("\n")
    missing = set(wanted)
    for number, server in _server_lines(text, backend):
        name = server["name"]
        if name in wanted:
            missing.discard(name)
            lines[number] = _with_weight(server["head"], wanted[name]) + server["tail"]
    if missing:
        raise ConfigError(
            f"The configuration has no server {', '.join(sorted(missing))} in a backend {backend}.",
            remedy="Name the file that holds that backend, with each server on one line.",
        )
    return "\n".join(lines)


def _with_weight(head: str, weight: int) -> str:
    if _WEIGHT.search(head):
        return _WEIGHT.sub(f"weight {weight}", head, count=1)
    return f"{head} weight {weight}"


def _rows(state: str, backend: str) -> Iterator[dict[str, str]]:
    columns: list[str] = []
    for line in state.splitlines():
        words = line.split()
        if line.startswith("# "):
            columns = words[1:]
        elif len(words) > 1 and columns:
            row = dict(zip(columns, words))
            if row.get("be_name") == backend:
                yield row


def _server_lines(text: str, backend: str) -> Iterator[tuple[int, re.Match[str]]]:
    inside = False
    for number, line in enumerate(text.split("\n")):
        section = _SECTION.match(line)
        if section and section["kind"] in _SECTIONS:
            inside = section["kind"] in {"backend", "listen"} and section["name"] == backend
        server = _SERVER.match(line)
        if inside and server:
            yield number, server
