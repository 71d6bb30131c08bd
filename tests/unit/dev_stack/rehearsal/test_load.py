from pathlib import Path

import pytest

from dev_stack.rehearsal.load import load_of_file, load_of_recording, usual_load
from wsmigrate.errors import ConfigError, WsmigrateError
from wsmigrate.parity.frames import WireFrame
from wsmigrate.parity.recording import End, EndKind, Handshake, Recording, SocketRecording
from wsmigrate.parity.recording_file import write_recording


def load_of(folder: Path, text: str):
    path = folder / "load.toml"
    path.write_text(text, encoding="utf-8")
    return load_of_file(path)


def test_without_a_file_it_is_500_clients_in_100_rooms_at_200_messages_a_second():
    load = usual_load()
    assert (load.clients, len(load.rooms), round(load.rate)) == (500, 100, 200)
    assert load.rollbacks == "each"


def test_an_empty_file_is_the_usual_load(tmp_path: Path):
    assert load_of(tmp_path, "") == usual_load()


def test_clients_and_the_rate_are_shared_out_over_the_rooms(tmp_path: Path):
    load = load_of(tmp_path, "[load]\nrooms = 3\nclients = 10\nrate = 6\nsizes = [40, 5000]\n")
    assert [room.clients for room in load.rooms] == [4, 3, 3]
    assert [room.rate for room in load.rooms] == [2.0, 2.0, 2.0]
    assert load.sizes == (40, 5000)


def test_rooms_may_be_described_one_by_one(tmp_path: Path):
    text = '[[load.room]]\nname = "news"\nclients = 30\nrate = 4.5\n[[load.room]]\nclients = 1\n'
    rooms = load_of(tmp_path, text).rooms
    assert [(room.name, room.clients, room.rate) for room in rooms] == [
        ("news", 30, 4.5),
        ("rehearsal-2", 1, 1.0),
    ]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[load]\nrooms = 0", "rooms"),
        ("[load]\nrooms = 5\nclients = 4", "clients"),
        ("[load]\nrate = 0", "rate"),
        ("[load]\nrate = true", "rate"),
        ("[load]\nsizes = []", "sizes"),
        ("[load]\nsizes = [5]", "sizes"),
        ("[load]\nspeed = 5", "speed"),
        ("[load]\nrooms = 5\n[[load.room]]\nclients = 1", "rooms"),
        ("[[load.room]]\nclients = 0", "room"),
        ('[[load.room]]\nname = "a"\n[[load.room]]\nname = "a"', "room"),
        ("[course]\npercentages = [50, 10]", "percentages"),
        ('[course]\nrollbacks = "some"', "rollbacks"),
        ("[drain]\nper_second = 0", "per_second"),
        ('[gates]\noff = ["garden"]', "garden"),
        ("[lode]\nrooms = 1", "lode"),
        ("rooms = [", "no TOML"),
    ],
)
def test_what_cannot_be_is_named(tmp_path: Path, text: str, named: str):
    with pytest.raises(ConfigError, match=named):
        load_of(tmp_path, text)


def test_a_file_that_is_not_there_is_said(tmp_path: Path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load_of_file(tmp_path / "none.toml")


UPGRADED = Handshake(101, "Switching Protocols")


def client(name: str, room: str, *sizes: int, status: Handshake | None = UPGRADED):
    frames = tuple(WireFrame(1, b"x" * size, at) for at, size in enumerate(sizes, 1))
    return SocketRecording(name, room, status, frames, End(EndKind.OPEN, at=10.0))


def recorded(folder: Path, *sockets: SocketRecording) -> Path:
    path = folder / "recording.jsonl"
    write_recording(path, Recording(sockets))
    return path


def test_a_recording_gives_its_rooms_clients_rates_and_sizes(tmp_path: Path):
    path = recorded(
        tmp_path,
        client("a", "news", 100, 200, 300, 400, 500),
        client("b", "news", 100, 200, 300),
        client("c", "talk", 50),
        client("d", "talk", status=Handshake(403, "Forbidden")),
    )
    load = load_of_recording(path)
    assert [(room.name, room.clients, room.rate) for room in load.rooms] == [
        ("news", 2, 0.5),
        ("talk", 1, 0.1),
    ]
    assert min(load.sizes) >= 50
    assert max(load.sizes) <= 500
    assert sorted(load.sizes)[len(load.sizes) // 2] == pytest.approx(200, abs=100)


def test_a_recording_of_nobody_is_no_load(tmp_path: Path):
    with pytest.raises(ConfigError, match="no client"):
        load_of_recording(recorded(tmp_path, client("a", "x", status=None)))


def test_a_recording_in_which_nothing_was_said_is_no_load(tmp_path: Path):
    with pytest.raises(ConfigError, match="no frame"):
        load_of_recording(recorded(tmp_path, client("a", "x")))


def test_what_is_no_recording_is_said(tmp_path: Path):
    path = tmp_path / "notes.txt"
    path.write_text("hello\n", encoding="utf-8")
    with pytest.raises(WsmigrateError, match="no recording"):
        load_of_recording(path)
