"""Calls from the benchmark's main process to its helpers: one line of JSON each way."""

from __future__ import annotations

import asyncio
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from dev_stack.logs import last_words
from wsmigrate.errors import UnavailableError

CHECKOUT = Path(__file__).resolve().parents[1]

Handler = Callable[..., Awaitable[dict[str, Any]]]

_END_S = 3.0
_LINE_LIMIT = 1 << 24


class Helper:
    """A process of the benchmark's own that does as it is told. A context manager."""

    def __init__(self, module: str, env: Mapping[str, str], log: Path) -> None:
        self._name = module
        self._log = log
        self._rest = b""
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module],
                cwd=CHECKOUT,
                env={**os.environ, **env},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def call(self, name: str, within_s: float = 30.0, **arguments: Any) -> dict[str, Any]:
        """Have it do something, and return what came of it. Raises UnavailableError."""
        request = json.dumps({"call": name, "arguments": arguments}).encode() + b"\n"
        try:
            assert_pipe(self._process.stdin).write(request)
            assert_pipe(self._process.stdin).flush()
        except OSError as error:
            raise self._failure(name, "it has ended") from error
        answer: dict[str, Any] = json.loads(self._line(name, within_s))
        if "error" in answer:
            raise UnavailableError(f"{name} failed: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    def close(self) -> None:
        """End it."""
        assert_pipe(self._process.stdin).close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert_pipe(self._process.stdout).close()

    def _line(self, name: str, within_s: float) -> bytes:
        output = assert_pipe(self._process.stdout).fileno()
        deadline = time.monotonic() + within_s
        while b"\n" not in self._rest:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([output], [], [], left)[0]:
                raise self._failure(name, f"no answer within {within_s:.0f} s")
            read = os.read(output, 1 << 16)
            if not read:
                raise self._failure(name, "it has ended")
            self._rest += read
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def _failure(self, name: str, what: str) -> UnavailableError:
        return UnavailableError(f"{name} of {self._name}: {what}; {last_words(self._log)}")


def assert_pipe(pipe: Any) -> Any:
    """The pipe that was asked for when the process was started."""
    if pipe is None:
        raise RuntimeError("the process was started without this pipe")
    return pipe


async def answer_calls(handlers: Mapping[str, Handler]) -> None:
    """The helper's side: answer calls, one after another, until the main process closes the pipe.

    A handler that fails is the caller's to hear of.
    """
    reader = asyncio.StreamReader(limit=_LINE_LIMIT)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        request = json.loads(line)
        answer: dict[str, Any]
        try:
            answer = {"result": await handlers[request["call"]](**request["arguments"])}
        except Exception as error:
            answer = {"error": _told(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _told(error: BaseException) -> str:
    """An error in one line; of a group of tasks the first that failed."""
    while inner := getattr(error, "exceptions", None):
        error = inner[0]
    return f"{type(error).__name__}: {error}"
