"""Channel layers in processes of their own, as they are used: no two of them share any state."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgpack
from layer_kinds import LayerSetup

PATIENCE_S = 30.0
"""How long something may take that is to happen, on a machine that has much else to do."""

QUIET_S = 0.3
"""For how long nothing comes where nothing is to come: a second copy would be close behind."""

_AGENT = Path(__file__).with_name("layer_agent.py")


class LayerFailed(Exception):  # noqa: N818 - it names what happened
    """The layer raised. ``kind`` is the name of the exception's class."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(f"{kind}: {text}")
        self.kind = kind


class LayerProcess:
    """One process, to be used as a context manager: it is killed at the end."""

    def __init__(self, database: Mapping[str, Any] | None, log: Path) -> None:
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, str(_AGENT), json.dumps(database)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
            )
        self._numbers = itertools.count()
        self._waiting: dict[int, Future[Any]] = {}
        self._layers: dict[str, Layer] = {}
        self._sending = threading.Lock()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def begin(self, op: str, *args: Any) -> Future[Any]:
        """Ask for something, and do not wait for it."""
        number = next(self._numbers)
        future: Future[Any] = Future()
        future.number = number  # type: ignore[attr-defined]
        self._waiting[number] = future
        self._write({"id": number, "op": op, "args": args})
        return future

    def do(self, op: str, *args: Any, within_s: float = PATIENCE_S) -> Any:
        """Ask for something, and wait for it. Raises LayerFailed, and AssertionError if it takes
        too long; then it is cancelled."""
        return self.result(self.begin(op, *args), f"{op} {args[1:3]}", within_s)

    def result(self, future: Future[Any], what: str, within_s: float = PATIENCE_S) -> Any:
        try:
            return future.result(within_s)
        except TimeoutError:
            self.cancel(future)
            raise AssertionError(f"{what[:200]}: not within {within_s} s") from None

    def cancel(self, future: Future[Any]) -> None:
        """Cancel what was asked for. Returns once it has ended."""
        self._write({"id": -1, "op": "cancel", "args": [future.number]})  # type: ignore[attr-defined]
        try:
            future.result(PATIENCE_S)
        except LayerFailed:
            return

    def layer(self, setup: LayerSetup) -> Layer:
        """The layer that is made so: one for each setup, as Django keeps it."""
        entry = json.dumps([setup.backend, dict(setup.config)])
        if entry not in self._layers:
            handle = self.do("make", setup.backend, dict(setup.config))
            self._layers[entry] = Layer(self, handle)
        return self._layers[entry]

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def wake(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL. Once is enough."""
        self._process.kill()
        self._process.wait(10)
        self._reader.join(10)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()

    def __enter__(self) -> LayerProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def _write(self, request: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        with self._sending:
            self._process.stdin.write(msgpack.packb(request))
            self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        unpacker = msgpack.Unpacker(max_buffer_size=1 << 28)
        output = self._process.stdout.fileno()
        while data := os.read(output, 1 << 20):
            unpacker.feed(data)
            for reply in unpacker:
                waiting = self._waiting.pop(reply["id"])
                if "error" in reply:
                    waiting.set_exception(LayerFailed(*reply["error"]))
                else:
                    waiting.set_result(reply["ok"])
        for waiting in list(self._waiting.values()):
            waiting.set_exception(ProcessGone(self.log[-2000:]))


class ProcessGone(Exception):  # noqa: N818
    """The process ended while something was being waited for."""


@dataclass(frozen=True)
class Layer:
    """A channel layer in another process. Its methods wait, at most ``PATIENCE_S`` seconds."""

    process: LayerProcess
    handle: int

    def call(self, method: str, *args: Any, within_s: float = PATIENCE_S) -> Any:
        return self.process.do("call", self.handle, method, *args, within_s=within_s)

    def new_channel(self) -> str:
        """The name of a new channel, which nobody receives from."""
        return str(self.call("new_channel"))

    def open(self, name: str = "", *, primed: bool = True) -> Channel:
        """A channel that is received from all the time, and by now gets messages."""
        opened = Channel(self, name or self.new_channel())
        self.process.do("listen", self.handle, opened.name, primed)
        return opened

    def member(self, group: str) -> Channel:
        """An open channel that is in the group."""
        opened = self.open()
        self.call("group_add", group, opened.name)
        return opened

    def send(self, channel: str, message: Any) -> None:
        self.call("send", channel, message)

    def group_send(self, group: str, message: Any) -> None:
        self.call("group_send", group, message)

    def receive(self, channel: str, within_s: float = PATIENCE_S) -> Any:
        return self.call("receive", channel, within_s=within_s)

    def begin_receive(self, channel: str) -> Future[Any]:
        return self.process.begin("call", self.handle, "receive", channel)

    def collect(self, channel: str, count: int, within_s: float = PATIENCE_S) -> list[Any]:
        """Receive so many events, in the order in which they came."""
        got = self.process.do("collect", self.handle, channel, count, within_s=within_s)
        return list(got)


@dataclass(frozen=True)
class Channel:
    """A channel that its process receives from all the time."""

    layer: Layer
    name: str

    def take(self, count: int = 1, within_s: float = PATIENCE_S) -> list[Any]:
        """The next events. Raises AssertionError if fewer come in time."""
        return list(self.layer.process.do("take", self.name, count, within_s=within_s))

    def take_all(self, first_within_s: float = QUIET_S) -> list[Any]:
        """Everything, until nothing has come for ``QUIET_S``."""
        wanted = (self.name, first_within_s, QUIET_S)
        return list(self.layer.process.do("take_all", *wanted, within_s=PATIENCE_S * 3))

    def failures(self) -> list[str]:
        """The names of the exceptions that receiving has raised."""
        return list(self.layer.process.do("failures", self.name))

    def pause(self) -> None:
        """Be slow: take one event more, and then none until ``resume``."""
        self.layer.process.do("pause", self.name)

    def resume(self) -> None:
        self.layer.process.do("resume", self.name)
