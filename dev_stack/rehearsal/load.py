"""The load of a rehearsal: rooms, clients, rates and sizes, of a TOML file or of a recording."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any, Final

from dev_stack.rehearsal.toml import Table, read_toml
from wsmigrate.errors import ConfigError
from wsmigrate.gates.built_in import checked_names
from wsmigrate.parity.frames import Opcode, WireFrame
from wsmigrate.parity.recording import Recording, SocketRecording
from wsmigrate.parity.recording_file import read_recording
from wsmigrate.rooms import checked_room
from wsmigrate.rungs import ladder

MAX_CLIENTS: Final = 5000
MAX_ROOMS: Final = 2000
MAX_RATE: Final = 5000.0
MAX_BYTES: Final = 1 << 20
LEAST_BYTES: Final = 32
"""Room for who says it, where, its number and its size."""

_LOAD_KEYS = frozenset(
    {"rooms", "clients", "rate", "site_rate", "publishers", "sizes", "room", "retry_after_s"}
    | {"late_clients"}
)
_COURSE_KEYS = frozenset({"percentages", "rollbacks", "dwell_s", "back_to_legacy"})
_GATE_KEYS = frozenset({"window_s", "off"})
_DRAIN_KEYS = frozenset({"per_second", "in_flight", "workers"})
_ROLLBACKS = ("each", "none")


@dataclass(frozen=True)
class RoomLoad:
    """A room: its clients, and the messages that are published to it in a second, on average."""

    name: str
    clients: int
    rate: float


@dataclass(frozen=True)
class Load:
    """What is to go on while the site is moved. Times are in seconds, sizes in bytes.

    ``site_rate`` messages a second are posted over the site's REST API to chats of its own, beside
    those of ``rooms``, which come from ``publishers`` processes that call ``notify()``.
    ``sizes`` are taken in turn. A client that is closed comes back after ``retry_after_s``.
    ``late_clients`` connect after each rollback and in each step of the canary. ``gates_window_s``
    is how long gates measure before a step; those in ``gates_off`` are not asked.
    """

    rooms: tuple[RoomLoad, ...]
    publishers: int = 2
    sizes: tuple[int, ...] = (60, 120, 120, 300, 2000)
    site_rate: float = 2.0
    retry_after_s: float = 5.0
    late_clients: int = 10
    percentages: tuple[int, ...] = (10, 50, 100)
    rollbacks: str = "each"
    back_to_legacy: bool = True
    dwell_s: float = 4.0
    per_second: float = 5.0
    in_flight: int = 50
    workers: int = 4
    gates_window_s: float = 4.0
    gates_off: tuple[str, ...] = ()

    @property
    def clients(self) -> int:
        """How many there are, late ones aside."""
        return sum(room.clients for room in self.rooms)

    @property
    def rate(self) -> float:
        """Messages a second, those of the REST API aside."""
        return sum(room.rate for room in self.rooms)


def usual_load(rooms: int = 100, clients: int = 500, rate: float = 200.0, **more: Any) -> Load:
    """Rooms of one kind, with as many clients each as can be."""
    return Load(
        tuple(
            RoomLoad(f"rehearsal-{number}", count, rate / rooms)
            for number, count in enumerate(shared_out(clients, rooms))
        ),
        **more,
    )


def shared_out(count: int, places: int) -> list[int]:
    """As even as can be."""
    return [count // places + (place < count % places) for place in range(places)]


def load_of_file(path: Path) -> Load:
    """The load that a TOML file describes (docs/rehearse.md). Raises ConfigError."""
    document = Table(
        read_toml(path, "load"), str(path), frozenset({"load", "course", "drain", "gates"})
    )
    return _load_of(document, str(path))


def load_of_recording(path: Path) -> Load:
    """A load like that of a recording of ``wsmigrate parity record``: its rooms, with the clients
    that each had at once, the rate of what came to them, and its sizes.

    Raises RecordingError, and ConfigError if nothing in it can be said again.
    """
    recording = read_recording(path)
    rooms = _rooms_of(recording)
    if not rooms:
        raise ConfigError(
            f"The recording {path} holds no client that was let in, so there is no load in it."
        )
    if not any(room.rate for room in rooms):
        raise ConfigError(f"The recording {path} holds no frame, so there is no load in it.")
    sizes = _sizes_of(recording)
    return Load(rooms=rooms, sizes=sizes or Load(rooms).sizes)


def _load_of(document: Table, place: str) -> Load:
    load = Table(document.raw("load", {}), f"{place}, [load]", _LOAD_KEYS)
    course = Table(document.raw("course", {}), f"{place}, [course]", _COURSE_KEYS)
    drain = Table(document.raw("drain", {}), f"{place}, [drain]", _DRAIN_KEYS)
    gates = Table(document.raw("gates", {}), f"{place}, [gates]", _GATE_KEYS)
    return Load(
        rooms=_rooms(load, place),
        publishers=load.count("publishers", Load.publishers, 1, 16),
        sizes=_sizes(load),
        site_rate=load.number("site_rate", Load.site_rate, 0, 50),
        retry_after_s=load.number("retry_after_s", Load.retry_after_s, 0.1, 60),
        late_clients=load.count("late_clients", Load.late_clients, 0, 500),
        percentages=_percentages(course),
        rollbacks=course.choice("rollbacks", Load.rollbacks, _ROLLBACKS),
        back_to_legacy=course.flag("back_to_legacy", Load.back_to_legacy),
        dwell_s=course.number("dwell_s", Load.dwell_s, 0.5, 3600),
        per_second=drain.number("per_second", Load.per_second, 0.1, 5000),
        in_flight=drain.count("in_flight", Load.in_flight, 1, 5000),
        workers=drain.count("workers", Load.workers, 1, 64),
        gates_window_s=gates.number("window_s", Load.gates_window_s, 0.5, 600),
        gates_off=_gates_off(gates),
    )


def _rooms(load: Table, place: str) -> tuple[RoomLoad, ...]:
    if "room" in load:
        return _named_rooms(load, place)
    rooms = load.count("rooms", 100, 1, MAX_ROOMS)
    clients = load.count("clients", max(500, rooms), 1, MAX_CLIENTS)
    if clients < rooms:
        raise load.wrong("clients", f"at least {rooms}, one for each room")
    return usual_load(rooms, clients, load.number("rate", 200.0, 0.1, MAX_RATE)).rooms


def _named_rooms(load: Table, place: str) -> tuple[RoomLoad, ...]:
    """``[[load.room]]``: rooms that differ."""
    for key in ("rooms", "clients", "rate"):
        if key in load:
            raise load.wrong(key, "left out where each room is described in [[load.room]]")
    listed = load.raw("room", [])
    if not isinstance(listed, list) or not listed:
        raise load.wrong("room", "tables: [[load.room]]")
    rooms = []
    for number, values in enumerate(listed, 1):
        table = Table(
            values, f"{place}, [[load.room]] {number}", frozenset({"name", "clients", "rate"})
        )
        name = checked_room(table.text("name", f"rehearsal-{number}"))
        rooms.append(
            RoomLoad(
                name,
                table.count("clients", 1, 0, MAX_CLIENTS),
                table.number("rate", 1, 0, MAX_RATE),
            )
        )
    if len({room.name for room in rooms}) < len(rooms):
        raise load.wrong("room", "tables with different names")
    if not sum(room.clients for room in rooms) or not sum(room.rate for room in rooms):
        raise load.wrong("room", "rooms with at least one client and a rate above 0 among them")
    return tuple(rooms)


def _sizes(load: Table) -> tuple[int, ...]:
    sizes = load.raw("sizes", list(Load.sizes))
    if (
        not isinstance(sizes, list)
        or not sizes
        or not all(type(size) is int and LEAST_BYTES <= size <= MAX_BYTES for size in sizes)
    ):
        raise load.wrong("sizes", f"a list of sizes in bytes, each {LEAST_BYTES} to {MAX_BYTES:,}")
    return tuple(sizes)


def _gates_off(gates: Table) -> tuple[str, ...]:
    names = gates.raw("off", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise gates.wrong("off", "a list of names of gates")
    return tuple(sorted(checked_names(names)))


def _percentages(course: Table) -> tuple[int, ...]:
    values = course.raw("percentages", list(Load.percentages))
    if not isinstance(values, list) or not all(type(value) is int for value in values):
        raise course.wrong("percentages", "a list of whole numbers, as [10, 50, 100]")
    ladder(values)
    return tuple(values)


def _rooms_of(recording: Recording) -> tuple[RoomLoad, ...]:
    by_room: dict[str, list[SocketRecording]] = defaultdict(list)
    for socket in recording.sockets:
        if socket.handshake is not None and socket.handshake.status == 101:
            by_room[socket.room].append(socket)
    moments = [
        at
        for sockets in by_room.values()
        for socket in sockets
        for at in (socket.end.at, *(frame.at for frame in socket.frames))
    ]
    lasted = max(1.0, *moments) if moments else 1.0
    return tuple(
        RoomLoad(
            room,
            len({socket.client for socket in sockets}),
            # Each client of a room gets the same: who got most was there longest.
            max(len(_messages(socket.frames)) for socket in sockets) / lasted,
        )
        for room, sockets in sorted(by_room.items())
    )


def _sizes_of(recording: Recording) -> tuple[int, ...]:
    """Ten sizes that stand for all: the middles of the tenths."""
    sizes = sorted(
        frame.length for socket in recording.sockets for frame in _messages(socket.frames)
    )
    if not sizes:
        return ()
    middles: Sequence[float] = (
        sizes if len(sizes) < 2 else quantiles(sizes, n=21, method="inclusive")[::2]
    )
    return tuple(min(max(round(size), LEAST_BYTES), MAX_BYTES) for size in middles)


def _messages(frames: Sequence[WireFrame]) -> list[WireFrame]:
    """The data frames; control frames are no load."""
    return [frame for frame in frames if frame.opcode in {Opcode.TEXT, Opcode.BINARY}]
