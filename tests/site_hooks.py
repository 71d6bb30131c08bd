"""What an operator's service manager does, as programs: run in the site's folder.

python site_hooks.py bridge start|stop PID_FILE LOG
python site_hooks.py point PORT ENTRANCE

``point`` has new clients led to a port: see whole_site.Entrance.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def start(pid_file: Path, log: Path) -> None:
    if _running(pid_file) is not None:
        return
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "migrate_cli", "bridge", "run"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    pid_file.write_text(str(process.pid))


def stop(pid_file: Path) -> None:
    pid = _running(pid_file)
    if pid is None:
        return
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 30
    while _running(pid_file) is not None:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)
    pid_file.unlink()


def _running(pid_file: Path) -> int | None:
    """The bridge's process, if it lives. In this machine's tests nobody else reaps it in time, so a
    zombie counts as gone."""
    if not pid_file.exists():
        return None
    pid = int(pid_file.read_text())
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return None if stat.rpartition(")")[2].split()[0] == "Z" else pid


def main() -> None:
    what, word, path = sys.argv[1:4]
    if what == "point":
        Path(path).write_text(word)
    elif word == "start":
        start(Path(path), Path(sys.argv[4]))
    else:
        stop(Path(path))


if __name__ == "__main__":
    main()
