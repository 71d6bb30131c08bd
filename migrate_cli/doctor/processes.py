"""Which processes of the site follow the state of the cutover, and in which version."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator

from migrate_cli.cutover.patience import LIVE_S
from migrate_cli.cutover.store import StateStore
from migrate_cli.doctor.context import Context
from migrate_cli.doctor.postgres import parameters_of
from wsmigrate import __version__
from wsmigrate.doctor.findings import Finding, Level

CHECK = "processes"


def check(context: Context) -> Iterator[Finding]:
    """Those that were heard of in the last seconds."""
    database = context.project.database
    with contextlib.closing(StateStore(parameters_of(database), database)) as store:
        processes = store.processes(heard_within_s=LIVE_S)
    others = sorted({one.version for one in processes} - {__version__})
    if others:
        what = f"Live processes run wsmigrate {', '.join(others)}, and this is {__version__}."
        yield Finding(CHECK, Level.ADVICE, what, "Restart them with the same version.")
    counts = Counter(one.role for one in processes)
    for role in ("server", "publisher"):
        if counts[role]:
            yield Finding(CHECK, Level.GOOD, f"{counts[role]} {role}s follow the state.")
        else:
            what = f"No {role} that follows the state is live."
            remedy = "It is needed from `shadow` on." if role == "server" else "See docs/cutover.md"
            yield Finding(CHECK, Level.SKIPPED, what, remedy)
