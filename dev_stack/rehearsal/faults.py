"""Makes the faults of a scenario happen at their moments, to real processes."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import psutil
import psycopg

from dev_stack.rehearsal.course import Step
from dev_stack.rehearsal.operated import OperatedStack
from dev_stack.rehearsal.scenario import EVERY, OPERATOR, Deed, Fault, Moment, Scenario
from dev_stack.rehearsal.toml_file import GATE
from wsmigrate.errors import UnavailableError, WsmigrateError

_POLL_S: Final = 0.01
_READY_WITHIN_S: Final = 120.0
_WORKER = "legacy-worker"


@dataclass
class Happened:
    """A fault that happened. Times are of CLOCK_MONOTONIC; ``until`` is when all parts ran again.
    ``landed``: False where it came too late, as a kill of a command that had ended."""

    fault: Fault
    step: int
    at: float
    landed: bool
    command: str = ""
    until: float = 0.0


@dataclass
class Faults:
    """The faults of a rehearsal. ``begin`` and ``end`` enclose each step, ``rest`` follows it."""

    scenario: Scenario
    site: OperatedStack
    say: Callable[[str], None]
    happened: list[Happened] = field(default_factory=list)
    _step: int = 0
    _before: int | None = None
    _occasions: list[tuple[Fault, int, str]] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _spent: set[tuple[Fault, int, str]] = field(default_factory=set)

    def begin(self, number: int, step: Step) -> None:
        """A step begins: its command is about to be called."""
        self._step = number
        self._over = threading.Event()
        self._occasions += [(fault, number, step.name) for fault in self._due(step)]
        mine = [fault for fault in self._due(step) if fault.moment is not Moment.RESTING]
        if any(fault.moment is Moment.COMMAND for fault in mine):
            self._before = self._last_entry()
        for fault in mine:
            run = self._wait_and_do if fault.moment is Moment.STEP else self._watch
            thread = threading.Thread(target=run, args=(fault,), name="fault", daemon=True)
            self._threads.append(thread)
            thread.start()

    def end(self) -> None:
        """The step is done. What was begun comes to its end; returns once all parts run again."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        self._settle_failures()
        self.ready()
        self._settle_occasions()

    def rest(self, step: Step) -> None:
        """The time after a step: do what is due, and return once all parts run again."""
        for fault in self._due(step):
            if fault.moment is Moment.RESTING:
                time.sleep(fault.after_s)
                self._do(fault)
        self.ready()

    def _settle_failures(self) -> None:
        """What was to fail and was not asked for in the whole step has not happened."""
        for one in self.happened:
            word = one.fault.what or GATE
            if one.fault.deed in {Deed.FAIL_HOOK, Deed.FAIL_GATE} and word in self.site.failing:
                self.site.failing.discard(word)
                one.landed = False

    def _settle_occasions(self) -> None:
        """A step that had none of a fault's commands, as a drain of nobody, was none of its
        occasions: as far as the audit log says so."""
        if self._before is None:
            return
        with contextlib.suppress(psycopg.Error), self._connected() as connection:
            begun = {command for _, command in self._begun(connection, self._before)}
            self._occasions = [
                (fault, number, name)
                for fault, number, name in self._occasions
                if number != self._step
                or fault.moment is not Moment.COMMAND
                or (begun if fault.command == EVERY else fault.command in begun)
            ]
        self._before = None

    def ready(self) -> None:
        """Return once every part runs. Raises UnavailableError."""
        deadline = time.monotonic() + _READY_WITHIN_S
        # A part that was just killed is still taken for ready: the supervisor looks ten times a
        # second.
        time.sleep(0.3)
        while not self.site.stack.supervisor.all_ready():
            if time.monotonic() > deadline:
                raise UnavailableError("Not all parts of the stack run again.")
            time.sleep(0.05)
        for one in self.happened:
            one.until = one.until or time.monotonic()

    def never_happened(self) -> list[str]:
        """Faults of the scenario that did not happen where they were to, in sentences: once at all,
        and in each step that was an occasion for them."""
        landed = {(one.fault, one.step) for one in self.happened if one.landed}
        missed = [
            fault.sentence
            for fault in self.scenario.faults
            if not any(fault == one for one, _ in landed)
        ]
        return missed + [
            f"{fault.sentence}, in the step {name}"
            for fault, number, name in self._occasions
            if fault.at == EVERY and (fault, number) not in landed and fault.sentence not in missed
        ]

    def recovery(self) -> str:
        """What the operator does about a command that was cut off."""
        last = self.happened[-1].fault if self.happened else None
        return last.then if last is not None and last.what == OPERATOR else "resume"

    def _due(self, step: Step) -> list[Fault]:
        return [
            fault
            for fault in self.scenario.faults
            if fault.is_at(step.rung, back=step.back)
            and (fault.at == EVERY or not any(one.fault == fault for one in self.happened))
        ]

    def _wait_and_do(self, fault: Fault) -> None:
        self._over.wait(fault.after_s)
        self._do(fault)

    def _watch(self, fault: Fault) -> None:
        """Do it when the audit log says that its command was begun."""
        last = self._last_entry()
        while not self._over.is_set():
            with contextlib.suppress(psycopg.Error), self._connected() as connection:
                if last is None:
                    last = self._last_entry(connection)
                while last is not None and not self._over.is_set():
                    for number, command in self._begun(connection, last):
                        last = number
                        self._command_begun(fault, command)
                        if fault.command != EVERY and self._is_spent(fault, command):
                            return
                    self._over.wait(_POLL_S)
            self._over.wait(_POLL_S)

    def _command_begun(self, fault: Fault, command: str) -> None:
        if fault.command not in {EVERY, command} or self._is_spent(fault, command):
            return
        if fault.at != EVERY and any(one.fault == fault for one in self.happened):
            return
        self._spent.add((fault, self._step, command))
        time.sleep(fault.after_s)
        self._do(fault, command)

    def _is_spent(self, fault: Fault, command: str) -> bool:
        return (fault, self._step, command) in self._spent

    def _last_entry(self, connection: Any = None) -> int | None:
        try:
            with contextlib.ExitStack() as stack:
                asked = connection or stack.enter_context(self._connected())
                row = asked.execute("SELECT coalesce(max(id), 0) FROM wsmigrate_audit").fetchone()
                return None if row is None else int(row[0])
        except psycopg.Error:
            return None

    @staticmethod
    def _begun(connection: Any, last: int) -> list[tuple[int, str]]:
        rows = connection.execute(
            "SELECT id, command FROM wsmigrate_audit WHERE id > %s AND event = 'started'"
            " ORDER BY id",
            (last,),
        )
        return [(int(number), str(command)) for number, command in rows.fetchall()]

    def _connected(self) -> psycopg.Connection[Any]:
        return psycopg.connect(
            self.site.stack.endpoints.postgres_dsn,
            autocommit=True,
            connect_timeout=5,
            application_name="wsmigrate rehearse",
        )

    def _do(self, fault: Fault, command: str = "") -> None:
        one = Happened(fault, self._step, time.monotonic(), landed=True, command=command)
        late = " (it came too late)"
        try:
            one.landed = self._deed(fault)
        except (WsmigrateError, psutil.Error, psycopg.Error, OSError) as error:
            one.landed = False
            late = f" (it could not be done: {error})"
        self.happened.append(one)
        late = "" if one.landed else late
        self.say(f"  FAULT {fault.deed.value} {fault.what or ''}".rstrip() + late)

    def _deed(self, fault: Fault) -> bool:
        if fault.what == OPERATOR:
            return self.site.operator.kill()
        if fault.deed is Deed.END_CONNECTIONS:
            return self._end_connections() > 0
        if fault.deed in {Deed.FAIL_HOOK, Deed.FAIL_GATE}:
            self.site.failing.add(fault.what or GATE)
            return True
        if fault.deed is Deed.FREEZE:
            return self._freeze(fault.what, fault.for_s)
        return self._end_part(fault)

    def _end_part(self, fault: Fault) -> bool:
        supervisor = self.site.stack.supervisor
        if fault.what == _WORKER:
            psutil.Process(self._family("legacy")[1]).kill()
        elif fault.deed is Deed.KILL:
            # PostgreSQL's and RabbitMQ's own children notice and end; the rest ends their parent.
            psutil.Process(self._family(fault.what)[0]).kill()
        else:
            supervisor.hold(fault.what)
            supervisor.release(fault.what)
        return True

    def _freeze(self, what: str, for_s: float) -> bool:
        frozen = [psutil.Process(pid) for pid in self._family(what)]
        for process in frozen:
            process.suspend()
        time.sleep(for_s)
        for process in frozen:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()
        return True

    def _end_connections(self) -> int:
        with self._connected() as connection:
            row = connection.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
                " AND datname = current_database()"
            ).fetchone()
        return 0 if row is None else int(row[0])

    def _family(self, part: str) -> list[int]:
        """The processes of a part, its main one first. Raises UnavailableError if it is off."""
        name = "legacy" if part == _WORKER else part
        found = self.site.stack.supervisor.pids().get(name, [])
        if not found or not psutil.pid_exists(found[0]):
            raise UnavailableError(f"The part {name} does not run, so nothing can befall it.")
        return found
