"""Reading connections of processes that may end meanwhile, from a made-up /proc."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate_cli.routers import sockets

HEADING = "sl local_address rem_address st tx_queue rx_queue tr tm->when retrnsmt uid timeout inode"
PORT = 8081


def process(proc: Path, pid: int, inodes: list[int]) -> None:
    """A process with sockets; its tables are not there, as once it has ended."""
    folder = proc / str(pid) / "fd"
    folder.mkdir(parents=True)
    for number, inode in enumerate(inodes, 3):
        (folder / str(number)).symlink_to(f"socket:[{inode}]")


def tables(proc: Path, pid: int, inodes: list[int]) -> None:
    folder = proc / str(pid) / "net"
    folder.mkdir(parents=True)
    rows = [
        f"0: 0100007F:{PORT:04X} 0100007F:C350 01 00000000:00000000 00:00000000 0 0 0 {one}"
        for one in inodes
    ]
    (folder / "tcp").write_text("\n".join([HEADING, *rows]) + "\n")
    (folder / "tcp6").write_text(HEADING + "\n")


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sockets, "_PROC", tmp_path)
    return tmp_path


def test_a_process_that_ends_while_it_is_looked_at_does_not_hide_the_others(proc: Path) -> None:
    process(proc, 10, [1])
    process(proc, 11, [2, 3])
    tables(proc, 11, [2, 3])
    found = sockets.connections_of([10, 11])
    assert [(one.pid, one.inode) for one in found] == [(11, 2), (11, 3)]


def test_nor_does_it_make_the_others_look_broken(
    proc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process(proc, 10, [1])
    process(proc, 11, [2, 3])
    tables(proc, 11, [2, 3])
    asked: list[int] = []

    def count(_pid: int, entries: list[tuple[int, int]], _port: int) -> int:
        asked.extend(inode for _, inode in entries)
        return 0

    monkeypatch.setattr(sockets, "_count_at_port", count)
    sockets.broken_connections([10, 11], PORT)
    assert asked == [1]


def test_where_no_table_can_be_read_nothing_is_there(proc: Path) -> None:
    process(proc, 10, [1])
    assert sockets.connections_of([10]) == []
    assert sockets.broken_connections([10], PORT)[10] == 0
