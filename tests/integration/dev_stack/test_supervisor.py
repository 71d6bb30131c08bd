"""The supervisor with tiny programs as parts."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from dev_stack.parts import PartSpec
from dev_stack.runtime import Runtime
from dev_stack.supervisor import StoppedError
from wsmigrate.errors import UnavailableError

TOUCH_AND_SLEEP = "import pathlib, time; pathlib.Path('ready').touch(); time.sleep(600)"


@pytest.fixture
def said():
    return []


@pytest.fixture
def runtime(said):
    with Runtime(said.append) as runtime:
        yield runtime


def part(runtime: Runtime, program: str, **fields: object) -> PartSpec:
    """A Python program that is ready once there is a file ``ready`` in its folder."""
    folder = runtime.folder / "tiny"
    folder.mkdir(exist_ok=True)
    defaults: dict[str, object] = {
        "name": "tiny",
        "command": (sys.executable, "-c", program),
        "cwd": folder,
        "probe": (folder / "ready").exists,
    }
    return PartSpec(**{**defaults, **fields})  # type: ignore[arg-type]


def until(condition, within_s: float = 20.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def has_ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_part_is_waited_for_until_it_is_ready(runtime, said):
    runtime.supervisor.start(part(runtime, TOUCH_AND_SLEEP))
    runtime.supervisor.wait_until_ready("tiny")
    assert (runtime.folder / "tiny" / "ready").exists()
    assert runtime.supervisor.is_ready("tiny")


def test_a_part_that_is_killed_is_started_again(runtime, said):
    runtime.supervisor.start(part(runtime, TOUCH_AND_SLEEP))
    runtime.supervisor.wait_until_ready("tiny")
    (killed,) = runtime.supervisor.pids()["tiny"]
    os.kill(killed, signal.SIGKILL)
    until(lambda: any("ready again" in sentence for sentence in said))
    (started,) = runtime.supervisor.pids()["tiny"]
    assert started != killed
    assert "tiny ended (SIGKILL); starting it again" in said


def test_what_a_killed_part_leaves_behind_is_killed_before_it_starts_again(runtime, said):
    program = "import subprocess; subprocess.Popen(['sleep', '600'], start_new_session=True);"
    runtime.supervisor.start(part(runtime, program + TOUCH_AND_SLEEP))
    runtime.supervisor.wait_until_ready("tiny")
    main, child = runtime.supervisor.pids()["tiny"]
    os.kill(main, signal.SIGKILL)
    until(lambda: any("ready again" in sentence for sentence in said))
    assert has_ended(child)


def test_a_part_that_cannot_start_is_given_up_and_its_log_quoted(runtime):
    program = "import sys; sys.exit('the setting is wrong')"
    runtime.supervisor.start(part(runtime, program))
    with pytest.raises(UnavailableError) as failure:
        runtime.supervisor.wait_until_ready("tiny")
    assert "tiny ended (exit status 1)" in str(failure.value)
    assert "the setting is wrong" in str(failure.value)
    assert str(runtime.supervisor.log_of("tiny")) in str(failure.value)


def test_a_part_that_never_gets_ready_is_given_up(runtime):
    idle = part(runtime, "import time; time.sleep(600)", ready_within_s=0.2)
    runtime.supervisor.start(idle)
    with pytest.raises(UnavailableError, match=r"was not ready after"):
        runtime.supervisor.wait_until_ready("tiny")


def test_a_part_that_crashes_again_and_again_is_started_ever_more_slowly(runtime, said):
    # It is ready once, and crashes at once from then on.
    program = (
        "import pathlib, sys, time; once = pathlib.Path('ready');"
        "sys.exit('broken') if once.exists() else once.touch(); time.sleep(600)"
    )
    crashing = part(runtime, program)
    runtime.supervisor.start(crashing)
    runtime.supervisor.wait_until_ready("tiny")
    started = time.monotonic()
    os.kill(runtime.supervisor.pids()["tiny"][0], signal.SIGKILL)
    until(lambda: sum("starting it again" in sentence for sentence in said) >= 4)
    assert time.monotonic() - started >= 0.5 + 1.0
    assert "ends with: broken" in said[-1]


def test_a_stop_request_ends_the_wait(runtime):
    runtime.supervisor.start(part(runtime, "import time; time.sleep(600)"))
    runtime.supervisor.stop_request.make()
    with pytest.raises(StoppedError):
        runtime.supervisor.wait_until_ready("tiny")


def test_a_part_that_ignores_the_stop_signal_is_killed_after_its_grace(said):
    program = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + TOUCH_AND_SLEEP
    with Runtime(said.append) as runtime:
        runtime.supervisor.start(part(runtime, program, stop_grace_s=0.3))
        runtime.supervisor.wait_until_ready("tiny")
        (pid,) = runtime.supervisor.pids()["tiny"]
    assert has_ended(pid)


def test_parts_that_others_need_are_stopped_after_them(said, tmp_path):
    note = "lambda *_: (open({path!r}, 'a').write({name!r} + ' '), sys.exit())"
    with Runtime(said.append) as runtime:
        for name, needed in (("service", True), ("client", False)):
            handler = note.format(path=str(tmp_path / "order"), name=name)
            program = f"import signal, sys; signal.signal(signal.SIGTERM, {handler});"
            program += TOUCH_AND_SLEEP.replace("'ready'", f"'{name}'")
            probe = (runtime.folder / "tiny" / name).exists
            spec = part(runtime, program, name=name, probe=probe, others_need_it=needed)
            runtime.supervisor.start(spec)
        runtime.supervisor.wait_until_ready("service", "client")
    assert (tmp_path / "order").read_text() == "client service "


def test_the_folder_is_gone_afterwards_and_given_logs_stay(said, tmp_path):
    with Runtime(said.append, logs=tmp_path / "logs") as runtime:
        folder = runtime.folder
        runtime.supervisor.start(part(runtime, "print('hello', flush=True);" + TOUCH_AND_SLEEP))
        runtime.supervisor.wait_until_ready("tiny")
    assert not folder.exists()
    assert Path(tmp_path / "logs" / "tiny.log").read_text() == "hello\n"


def test_a_fault_of_the_supervisor_itself_reaches_the_owner(said):
    def fail() -> bool:
        raise ZeroDivisionError

    with Runtime(said.append) as runtime:
        runtime.supervisor.start(part(runtime, TOUCH_AND_SLEEP, probe=fail))
        with pytest.raises(ZeroDivisionError):
            runtime.supervisor.wait_until_ready("tiny")


def test_a_part_that_is_held_stays_stopped_until_it_is_released(runtime, said):
    runtime.supervisor.start(part(runtime, TOUCH_AND_SLEEP))
    runtime.supervisor.wait_until_ready("tiny")
    (stopped,) = runtime.supervisor.pids()["tiny"]
    runtime.supervisor.hold("tiny")
    assert has_ended(stopped)
    assert runtime.supervisor.all_ready()  # who is held is not missed
    time.sleep(0.5)  # some looks of the supervisor's
    assert "tiny ended" not in " ".join(said)
    (runtime.folder / "tiny" / "ready").unlink()
    runtime.supervisor.release("tiny")
    (started,) = runtime.supervisor.pids()["tiny"]
    assert started != stopped
    assert (runtime.folder / "tiny" / "ready").exists()


def test_holding_a_part_that_is_held_and_releasing_one_that_runs_change_nothing(runtime):
    runtime.supervisor.start(part(runtime, TOUCH_AND_SLEEP))
    runtime.supervisor.wait_until_ready("tiny")
    (running,) = runtime.supervisor.pids()["tiny"]
    runtime.supervisor.release("tiny")
    assert runtime.supervisor.pids()["tiny"] == [running]
    runtime.supervisor.hold("tiny")
    runtime.supervisor.hold("tiny")
    assert has_ended(running)


def test_holding_a_part_ends_its_children_too(runtime):
    program = "import subprocess; subprocess.Popen(['sleep', '600'], start_new_session=True);"
    runtime.supervisor.start(part(runtime, program + TOUCH_AND_SLEEP))
    runtime.supervisor.wait_until_ready("tiny")
    until(lambda: len(runtime.supervisor.pids()["tiny"]) == 2)
    pids = runtime.supervisor.pids()["tiny"]
    runtime.supervisor.hold("tiny")
    assert all(has_ended(pid) for pid in pids)
