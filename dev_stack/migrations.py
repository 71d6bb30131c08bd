"""Making the tables of the sample site and of the channel layer, before the parts start."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from dev_stack.logs import last_words
from dev_stack.marks import Mark
from dev_stack.parts import base_environment, described_status
from dev_stack.site import Site, migration_commands
from dev_stack.supervisor import StopRequest
from wsmigrate.errors import UnavailableError

NAME = "migrate"

_WITHIN_S = 300.0
_LOOK_S = 0.05


def migrate(site: Site, mark: Mark, log: Path, stop_request: StopRequest) -> None:
    """Run the site's migrations, then those of the layer's database.

    Their output goes to ``log``. Raises UnavailableError if one fails, StoppedError if a stop is
    requested meanwhile.
    """
    for command in migration_commands():
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                cwd=site.folder,
                env={
                    **base_environment(os.environ),
                    **site.env(),
                    **mark.of_part(NAME).environ(),
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            _wait(process, log, stop_request)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], log: Path, stop_request: StopRequest) -> None:
    deadline = time.monotonic() + _WITHIN_S
    while process.poll() is None:
        stop_request.raise_if_made_within(_LOOK_S)
        if time.monotonic() > deadline:
            raise UnavailableError(
                f"A migration was not done after {_WITHIN_S:.0f} s; {last_words(log)}"
            )
    if process.returncode != 0:
        how = described_status(process.returncode)
        raise UnavailableError(f"A migration failed ({how}); {last_words(log)}")
