"""The options of the old server's uWSGI, in the file that is named."""

from __future__ import annotations

from collections.abc import Iterator

from migrate_cli.doctor.context import Context
from wsmigrate.doctor.findings import Finding, Level
from wsmigrate.doctor.uwsgi import findings_of, options_of_ini

CHECK = "uwsgi"


def check(context: Context) -> Iterator[Finding]:
    """Read the file and judge it."""
    path = context.uwsgi_ini
    if path is None:
        what = "Which ini file the old server's uWSGI reads was not said."
        yield Finding(CHECK, Level.SKIPPED, what, "Name it with --uwsgi-ini.")
        return
    try:
        options = options_of_ini(path.read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        what = f"{path} cannot be read ({error.strerror})."
        yield Finding(CHECK, Level.UNKNOWN, what, "Name the file with --uwsgi-ini.")
        return
    if not options:
        what = f"{path} has no section [uwsgi]."
        yield Finding(CHECK, Level.UNKNOWN, what, "Name an ini file of uWSGI with --uwsgi-ini.")
        return
    yield from findings_of(options, context.expected.sockets)
