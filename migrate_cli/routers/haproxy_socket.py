"""HAProxy's runtime interface (management guide, section 9.3): one command line, one answer."""

from __future__ import annotations

import contextlib
import csv
import io
import re
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from migrate_cli.routers.port import RouterError

_TIMEOUT_S = 5.0
_RELOADS_WITHIN_S = 1.0
_TCP = re.compile(r"(?:ipv[46]@)?(?P<host>\[[0-9a-fA-F:]+\]|[\w.\-]+):(?P<port>\d+)")
_SESSION = re.compile(
    r"^(?P<id>\S+): .*?\bsrc=(?P<src>\S+) .*?\bbe=(?P<be>\S*) .*?\bsrv=(?P<srv>\S*) "
    r".*?\bage=(?P<age>\S+)",
    re.MULTILINE,
)
_AGE = re.compile(r"(\d+)([dhms])")
_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_ENDED = "Can't find the target PID"
_REFUSALS = ("Permission denied", "Unknown command", "No such", "Can't find")


@dataclass(frozen=True)
class OpenSession:
    """A session that is open: its id for ``shutdown session``, and where it goes.

    ``client`` is the client's address and port as HAProxy sees them.
    """

    id: str
    backend: str
    server: str
    client: str
    age_s: int


@dataclass(frozen=True)
class RuntimeSocket:
    """A runtime socket: ``/run/haproxy/admin.sock``, or ``127.0.0.1:9999``.

    With ``worker`` it is a master socket, and commands go to that worker (``@1``, ``@!4711``); one
    that has ended answers nothing. Nothing is kept open between two commands.
    """

    address: str
    worker: str = ""

    def ask(self, command: str) -> str:
        """The answer to a question. Raises RouterError where nobody answers or HAProxy refuses."""
        answer = self._exchange(command)
        if self._has_ended(answer):
            return ""
        refusal = next((line for line in answer.splitlines() if line.startswith(_REFUSALS)), "")
        if refusal:
            raise self._refused(command, refusal)
        return answer

    def tell(self, *commands: str) -> None:
        """Commands that HAProxy obeys without a word, in one go. Raises RouterError."""
        answer = self._exchange("; ".join(commands)).strip()
        if answer:
            raise self._refused("; ".join(commands), answer)

    def servers_state(self) -> str:
        """What ``server-state-file`` reads at the next start. Raises RouterError."""
        state = self.ask("show servers state").strip()
        if not state.startswith("1\n"):
            raise RouterError(
                self.address, f"HAProxy at {self.address} gave no state of its servers."
            )
        return f"{state}\n"

    def statistics(self) -> list[Mapping[str, str]]:
        """The rows of ``show stat`` that are servers, by column name. Raises RouterError."""
        text = self.ask("show stat -1 4 -1").lstrip("# ")
        rows: list[Mapping[str, str]] = list(csv.DictReader(io.StringIO(text)))
        if text.strip() and "pxname" not in text.partition("\n")[0]:
            raise RouterError(self.address, f"HAProxy at {self.address} gave no statistics.")
        return rows

    def open_sessions(self) -> Iterator[OpenSession]:
        """The open sessions that go to a server, in no order. Raises RouterError."""
        for found in _SESSION.finditer(self.ask("show sess")):
            yield OpenSession(
                found["id"], found["be"], found["srv"], found["src"], _seconds(found["age"])
            )

    def shut_down(self, session_id: str) -> bool:
        """End a session; False if it has ended by itself. Raises RouterError."""
        command = f"shutdown session {session_id}"
        answer = self._exchange(command).strip()
        if answer and "No such session" not in answer and not self._has_ended(answer):
            raise self._refused(command, answer)
        return not answer

    def old_workers(self) -> list[str]:
        """Of a master socket: the workers that a reload has left behind, as prefixes. Their
        sessions go on until their clients leave. Raises RouterError."""
        found: list[str] = []
        heading = ""
        for line in RuntimeSocket(self.address).ask("show proc").splitlines():
            if line.startswith("#"):
                heading = line
            elif heading.startswith("# old workers") and line.strip():
                found.append(f"@!{line.split()[0]}")
        return found

    def _has_ended(self, answer: str) -> bool:
        return bool(self.worker) and answer.startswith(_ENDED)

    def _refused(self, command: str, answer: str) -> RouterError:
        return RouterError(
            self.address,
            f"HAProxy at {self.address} refused `{command[:80]}`: {answer.strip()[:200]}",
            remedy=_remedy_of(answer),
        )

    def _exchange(self, command: str) -> str:
        answer = bytearray()
        try:
            with contextlib.closing(self._connect_soon()) as link:
                link.sendall(f"{self.worker} {command}\n".lstrip().encode())
                link.shutdown(socket.SHUT_WR)  # a master socket stays open otherwise
                while block := link.recv(65536):
                    answer += block
        except OSError as error:
            raise RouterError(
                self.address,
                f"HAProxy's runtime socket {self.address} does not answer ({error}).",
                then="Nothing is known of this door.",
                remedy="See that HAProxy runs, has `stats socket … level admin` there, and that "
                "this user may open it.",
            ) from error
        return answer.decode("utf-8", "replace")

    def _connect_soon(self) -> socket.socket:
        """A reload leaves a moment in which nobody listens."""
        deadline = time.monotonic() + _RELOADS_WITHIN_S
        while True:
            try:
                return self._connect()
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.05)

    def _connect(self) -> socket.socket:
        place = _TCP.fullmatch(self.address)
        if place:
            host, port = place["host"].strip("[]"), int(place["port"])
            return socket.create_connection((host, port), timeout=_TIMEOUT_S)
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            link.settimeout(_TIMEOUT_S)
            link.connect(self.address)
        except BaseException:
            link.close()
            raise
        return link


def _seconds(age: str) -> int:
    """The age of a session as ``show sess`` writes it: ``1d2h``, ``3m4s``."""
    return sum(int(count) * _UNITS[unit] for count, unit in _AGE.findall(age))


def _remedy_of(refusal: str) -> str:
    if "Permission denied" in refusal:
        return "Write `level admin` behind its `stats socket`."
    if "Backend is using" in refusal:
        return "Its hash is not consistent: write `hash-type consistent` in the backend."
    if "No such" in refusal or "Can't find" in refusal:
        return "Name the backend and the servers as its configuration does."
    return ""
