"""Owns a small stack, for tests that kill it: ``python tiny_owner.py``.

Says the id of its guardian and its folder in a line of JSON at once, and the processes of its
parts in another when they are ready.
"""

from __future__ import annotations

import json
import sys
import threading

from dev_stack.parts import PartSpec
from dev_stack.runtime import Runtime

# One that ignores what asks it to end, and has a child in a session of its own.
STUBBORN = """
import pathlib, signal, subprocess, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen(["sleep", "600"], start_new_session=True)
pathlib.Path("stubborn").touch()
time.sleep(600)
"""
# One that leaves a daemon behind: its parent has ended, its session is its own.
DAEMONIC = """
import os, pathlib, subprocess, time
if os.fork() == 0:
    os.setsid()
    daemon = subprocess.Popen(["sleep", "600"])
    pathlib.Path("daemon.new").write_text(str(daemon.pid))
    pathlib.Path("daemon.new").rename("daemonic")
    os._exit(0)
os.wait()
time.sleep(600)
"""


def main() -> None:
    with Runtime(lambda _: None) as runtime:
        said = {"guardian": runtime.guardian.pid, "folder": str(runtime.folder)}
        print(json.dumps(said), flush=True)
        for name, program in (("stubborn", STUBBORN), ("daemonic", DAEMONIC)):
            runtime.supervisor.start(
                PartSpec(
                    name=name,
                    command=(sys.executable, "-c", program),
                    cwd=runtime.folder,
                    probe=(runtime.folder / name).exists,
                    stop_grace_s=0.5,
                )
            )
        runtime.supervisor.wait_until_ready("stubborn", "daemonic")
        pids = [pid for family in runtime.supervisor.pids().values() for pid in family]
        pids.append(int((runtime.folder / "daemonic").read_text()))
        print(json.dumps(pids), flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
